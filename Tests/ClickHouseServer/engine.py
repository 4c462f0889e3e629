"""ClickHouse's engine in this process (chdb): one statement at a time, with the parts of the server's HTTP interface that it lacks."""
import pathlib
import re
import threading
import uuid

import chdb

# What belongs to a request, not to the engine's settings.
NO_SETTINGS = {
    "query", "database", "default_format", "query_id", "wait_end_of_query", "buffer_size", "user", "password", "session_id",
    "http_write_exception_in_output_format", "cancel_http_readonly_queries_on_client_close", "readonly",
}
READS = ("SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "(")
UNKNOWN_SETTING = 115
KILL = re.compile(r"\s*KILL\s+QUERY\b", re.IGNORECASE)
SERVER_UUID = re.compile(r"\bserverUUID\(\)")


class EngineError(Exception):
    """What the engine throws: `code` is its number, the text as the server would send it."""

    def __init__(self, text):
        self.text = text.strip()
        found = re.search(r"Code: (\d+)", self.text)
        self.code = int(found.group(1)) if found else 1002
        if not found:
            self.text = f"Code: 1002. DB::Exception: {self.text}"
        super().__init__(self.text)


def literal(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def error(code, text, name):
    return EngineError(f"Code: {code}. DB::Exception: {text} ({name})")


class Engine:
    def __init__(self, folder):
        self.connection = chdb.connect(folder)
        self.lock = threading.Lock()
        self.uuid = self.own_uuid(pathlib.Path(folder) / "uuid")
        self.version = self.query("SELECT version()").decode().strip()

    @staticmethod
    def own_uuid(file):
        """As the server: made at its first start, kept below its data. The engine alone has none."""
        if not file.exists():
            file.write_text(str(uuid.uuid4()))
        return file.read_text()

    def run(self, sql, parameters, options, rows=None):
        """The answer's bytes. `options` are the request's own parameters and settings, `rows` what an INSERT brings."""
        if KILL.match(sql):
            return b""
        if options.get("readonly", "0") != "0" and not sql.lstrip().upper().startswith(READS):
            raise error(164, "Cannot execute query in readonly mode.", "READONLY")
        with self.lock:
            return self.run_alone(SERVER_UUID.sub(f"toUUID('{self.uuid}')", sql), parameters, options, rows)

    def run_alone(self, sql, parameters, options, rows):
        settings = {name: value for name, value in options.items() if name not in NO_SETTINGS}
        if not all(re.fullmatch(r"\w+", name) for name in settings):
            raise error(115, "Unknown setting", "UNKNOWN_SETTING")
        self.query(f"USE `{options.get('database') or 'default'}`")
        try:
            if settings:
                self.query("SET " + ", ".join(f"{name} = {literal(value)}" for name, value in settings.items()))
            return self.query(sql, options.get("default_format") or "TabSeparated", parameters, rows)
        finally:
            # SET stays for the connection, and there is but one.
            for name in settings:
                try:
                    self.query(f"SET {name} = DEFAULT")
                except EngineError as failure:
                    if failure.code != UNKNOWN_SETTING:
                        raise

    def query(self, sql, form="TabSeparated", parameters=None, rows=None):
        try:
            # The rows of an INSERT follow its format on the next line, as in a body.
            text = sql if rows is None else sql + "\n" + rows.decode()
            return bytes(self.connection.query(text, form, params=parameters or {}).bytes())
        except Exception as failure:
            raise EngineError(str(failure)) from None
