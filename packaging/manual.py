"""Writes what a package needs to know of the program from what the program says of itself: manual pages and an example of every setting.

usage: manual.py RPCD FOLDER VERSION DATE
"""

import json
import pathlib
import re
import subprocess
import sys
import textwrap


def said_by(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def plain(text):
    """As roff takes it: backslashes and hyphens are what they look like, and no line begins with a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...").replace("–", "\\(en").replace("→", "\\(->").replace("×", "\\(mu")
    return "\n".join("\\&" + line if line[:1] in ".'" else line for line in text.splitlines())


def quoted(text):
    return '"' + plain(text).replace('"', "\\(dq") + '"'


def bold(text):
    return f"\\fB{plain(text)}\\fR"


def literal(text):
    """As it stands: examples and indented help."""
    return f".PP\n.in +4n\n.EX\n{plain(text)}\n.EE\n.in"


class Page:
    def __init__(self, name, section, summary, version, date):
        self.lines = [f'.TH {name.upper()} {section} {date} "rpcd {version}" rpcd', ".SH NAME", f"{plain(name)} \\- {plain(summary)}"]
        self.path = f"{name}.{section}"

    def section(self, title):
        self.lines.append(f".SH {quoted(title)}")

    def subsection(self, title):
        self.lines.append(f".SS {quoted(title)}")

    def text(self, text):
        self.lines += [".PP", plain(text)]

    def item(self, head, *texts):
        self.lines += [".TP", head]
        for number, text in enumerate(texts):
            self.lines += ([".br"] if number else []) + [plain(text)]

    def literal(self, text):
        self.lines.append(literal(text))

    def write(self, folder):
        (folder / self.path).write_text("\n".join(self.lines) + "\n")


# The command line: ArgumentParser tells of it as JSON.

def shown(things):
    return [thing for thing in things if thing.get("shouldDisplay", True)]


def spelled(argument):
    """An argument as its synopsis shows it."""
    value = f"\\fI{plain(argument.get('valueName', ''))}\\fR"
    if argument["kind"] == "positional":
        text = value
    else:
        name = argument["preferredName"]
        text = bold(("--" if name["kind"] == "long" else "-") + name["name"]) + (f" {value}" if argument["kind"] == "option" else "")
    return text + (" ..." if argument.get("isRepeating") else "")


def synopsis(command):
    words = [bold(" ".join(command["superCommands"] + [command["commandName"]]))]
    for argument in own_arguments(command):
        words.append(f"[{spelled(argument)}]" if argument["isOptional"] else spelled(argument))
    return " ".join(words)


def own_arguments(command):
    """Without those that every command has."""
    return [a for a in shown(command.get("arguments", [])) if a.get("valueName") not in ("help", "version")]


def leaves(command):
    inner = [c for c in shown(command.get("subcommands", [])) if c["commandName"] != "help"]
    return [leaf for c in inner for leaf in leaves(c)] if inner else [command]


def command_page(program, version, date):
    top = json.loads(said_by(program, "--experimental-dump-help"))["command"]
    page = Page("rpcd", 1, top["abstract"].rstrip("."), version, date)
    page.section("SYNOPSIS")
    page.lines += [f"{bold('rpcd')} \\fIcommand\\fR [\\fIargument\\fR ...]", ".br", f"{bold('rpcd help')} [\\fIcommand\\fR | config | \\fImethod\\fR]",
                   ".br", f"{bold('rpcd --version')}"]
    page.section("DESCRIPTION")
    page.text(top["abstract"])
    page.literal(top["discussion"])
    page.section("COMMANDS")
    for command in leaves(top):
        command.setdefault("superCommands", ["rpcd"])
        page.subsection(" ".join(command["superCommands"][1:] + [command["commandName"]]))
        page.lines += [synopsis(command), ".PP", plain(command["abstract"])]
        if command.get("discussion"):
            page.literal(command["discussion"])
        for argument in own_arguments(command):
            default = argument.get("defaultValue")
            page.item(spelled(argument), argument.get("abstract", "") + (f" Default: {default}." if default else ""))
    for title, name, heading, text in GUIDE:
        page.section(title)
        page.text(text)
        page.literal(commands(name, heading))
    page.section("FILES")
    for path, text in FILES:
        page.item(bold(path), text)
    page.section("EXIT STATUS")
    for status, text in STATUSES:
        page.item(bold(status), text)
    page.section("SEE ALSO")
    page.lines += [".BR rpcd.conf (5),", ".BR rpcd\\-methods (7),", ".BR systemd.service (5)", ".PP",
                   plain("/usr/share/doc/rpcd/install.md tells how to bring it up, operations.md how to keep it, backup.md how to bring it back.")]
    return page


def commands(name, heading):
    """The first block of commands below a heading of the documentation."""
    text = pathlib.Path("docs", name).read_text()
    return re.search(rf"(?ms)^## {re.escape(heading)}$.*?^```sh\n(.*?)^```", text)[1].rstrip()


# What an operator does, in this order; the commands are the documentation's.
GUIDE = [
    ("THE DATABASE", "install.md", "The database", "On the same host, as root. Nothing is enabled or started before."),
    ("START", "install.md", "Start", "The first connection starts the daemon. Root is the operator on its socket."),
    ("IS ALL WELL", "operations.md", "Is all well?", "As root: it looks as the daemon does, with its settings and credentials. Everything that is not "
     "well is told with what to do."),
    ("HARDENING", "install.md", "Hardened", "The units are sandboxed. A daemon that calls nobody outside can be closed further:"),
    ("OBSERVING", "install.md", "Observed", "What it does, its journal, all of one call, its metrics:"),
    ("BACKUP", "install.md", "Backed up", "Each night, the keys apart from the database:"),
    ("RESTORE", "backup.md", "Bring it back", "On a host with the package, with the two parts of a backup copied to it, and no database yet:"),
    ("UPGRADE", "install.md", "Restart and upgrade", "Nobody is refused meanwhile."),
]
FILES = [
    ("/etc/rpcd/rpcd.conf", "The settings of the daemon, rpcd.conf(5)."),
    ("/etc/rpcd/migrate.conf", "The settings of rpcd-migrate.service, which owns the tables."),
    ("/etc/credstore/rpcd.master-key, rpcd.jwt-key",
     "The keys. Keep a copy of the master key away from the backups of the database: without it stored credentials are lost."),
    ("/etc/credstore/rpcd.operator-token, rpcd.database-passfile, rpcd.migrate-passfile, rpcd.backup-passphrase",
     "Where they are needed: the token of RPCD_ADMIN_LISTEN, the passwords of the database in the form of a .pgpass file, the passphrase of the "
     "keys in backups. Root's, mode 0600."),
    ("/var/backups/rpcd, /var/backups/rpcd-keys", "What rpcd-backup.service makes. Move both elsewhere, and not to the same place."),
    ("/run/rpcd/rpcd.sock", "The socket. Members of the group rpcd-clients may connect."),
    ("/usr/share/rpcd", "Migrations, and the manifests of providers."),
]
STATUSES = [
    ("0", "It is done."), ("1", "It failed; a line on standard error tells why."), ("2", "rpcd call and its like: no daemon listens there."),
    ("64", "The command line is not understood."), ("78", "A setting is at fault; a line on standard error names it."),
]


# Settings: `rpcd help config` is a block of lines each.

def settings(program):
    """Of each its key, what it is, what it takes, and its default or None."""
    for block in re.split(r"\n(?=RPCD_)", said_by(program, "help", "config").rstrip()):
        key, summary, takes, *rest = block.splitlines()
        default = next((line.strip().removeprefix("default ") for line in rest), None)
        yield key, summary.strip(), takes.strip().removeprefix("takes "), default


def settings_page(program, version, date):
    page = Page("rpcd.conf", 5, "settings of rpcd", version, date)
    page.section("SYNOPSIS")
    page.lines.append(bold("/etc/rpcd/rpcd.conf"))
    page.section("DESCRIPTION")
    page.text("The file that the variable RPCD_CONFIG names: a line KEY=value a setting. Blank lines and those that begin with # say nothing; values "
              "go to the end of their line and are not quoted. A variable of the environment of the same name goes first. A bad value ends the "
              "start with a line that names the key, and exit status 78; a key that there is not does, too.")
    page.text("It may hold passwords, so only root and the group rpcd can read it. Keys are never settings: see FILES in rpcd(1).")
    page.section("SETTINGS")
    for key, summary, takes, default in settings(program):
        page.item(bold(key), summary[:1].upper() + summary[1:] + ".", f"Takes {takes}." + (f" Default: {default}." if default else ""))
    page.section("EXAMPLE")
    page.literal("RPCD_DATABASE_URL=host=/run/postgresql dbname=rpcd user=rpcd\nRPCD_HTTP_LISTEN=off\nRPCD_MAIL_FROM=Acme <noreply@example.org>")
    page.section("SEE ALSO")
    page.lines += [".BR rpcd (1),", ".BR rpcd\\-methods (7)"]
    return page


def example_configuration(program):
    lines = ["# Every setting of rpcd with its default; rpcd.conf(5) is the same to read.", ""]
    for key, summary, takes, default in settings(program):
        lines += textwrap.wrap(f"{summary[:1].upper() + summary[1:]}. Takes {takes}.", 110, initial_indent="# ", subsequent_indent="# ",
                               break_on_hyphens=False, break_long_words=False)
        lines += [f"#{key}={default or ''}", ""]
    return "\n".join(lines)


# Methods: their names are the OpenRPC document's, what is told of each is `rpcd help METHOD`.

def methods_page(program, version, date):
    page = Page("rpcd-methods", 7, "methods of rpcd", version, date)
    page.section("DESCRIPTION")
    page.text("Every operation is a JSON-RPC 2.0 method, over the Unix socket, standard input and output, and HTTP. A parameter with a question mark "
              "may be left out. rpcd openrpc prints the same for programs.")
    names = [method["name"] for method in json.loads(said_by(program, "openrpc"))["methods"]]
    for group in sorted({name.split(".")[0] for name in names}):
        page.section(group.upper())
        for name in (name for name in names if name.split(".")[0] == group):
            first, *rest = said_by(program, "help", name).rstrip().splitlines()
            page.subsection(first)
            page.literal(textwrap.dedent("\n".join(rest)))
    page.section("SEE ALSO")
    page.lines += [".BR rpcd (1),", ".BR rpcd.conf (5)"]
    return page


def main(program, folder, version, date):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for page in (command_page, settings_page, methods_page):
        page(program, version, date).write(folder)
    (folder / "rpcd.conf.example").write_text(example_configuration(program))


if __name__ == "__main__":
    main(*sys.argv[1:])
