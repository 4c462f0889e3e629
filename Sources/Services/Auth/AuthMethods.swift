import JSON
import RPC

/// Accounts, logins and sessions.
struct Auth: Sendable {
    let platform: Platform

    /// An office behind one address is many sessions. A token that was never given out counts for its address.
    private func sessionOfRefreshToken(_ arguments: Arguments) -> String? {
        guard let text = arguments.value(named: "refreshToken", at: 0)?.string,
            let token = platform.tokens.parseRefreshToken(text)
        else { return nil }
        return "session:\(token.session)"
    }

    var methods: [Method] {
        [
            Method(
                "auth.register", "Makes an account.", role: .public, rate: .auth, mutates: true,
                creates: true,
                sensitive: true, route: .post("/auth/register"),
                params: Params(
                    .email("email", "The address; nobody else may have it."),
                    .password("password", "12 characters at least."),
                    .text("name", 1...200, "What others see.")),
                result: User.shape,
                example: Example(
                    #"{"email":"ada@example.org","password":"correct horse battery","name":"Ada"}"#,
                    gives: #"{"email":"ada@example.org","name":"Ada"}"#),
                run: platform.steps(register)),
            Method(
                "auth.login", "Gives an access token and a refresh token for an email and a password.",
                role: .public, rate: .auth, mutates: true, idempotent: false, sensitive: true,
                route: .post("/auth/login"),
                params: Params(
                    .email("email", "The address."),
                    .password("password", length: 1...1024, "The password.")),
                result: Login.shape,
                example: Example(
                    #"{"email":"ada@example.org","password":"correct horse battery"}"#,
                    gives: #"{"tokenType":"Bearer","expiresIn":900}"#),
                run: platform.steps(login)),
            Method(
                "auth.refresh", "Gives new tokens for a refresh token, which dies.", role: .public,
                rate: .auth, rateKey: sessionOfRefreshToken,
                mutates: true, idempotent: false, sensitive: true, route: .post("/auth/refresh"),
                params: Params(.token("refreshToken", "From `auth.login` or `auth.refresh`.")),
                result: Login.shape,
                example: Example(
                    #"{"refreshToken":"…"}"#, gives: #"{"tokenType":"Bearer","expiresIn":900}"#),
                run: platform.steps(refresh)),
            Method(
                "auth.logout", "Ends the session of a refresh token.", role: .public, mutates: true,
                sensitive: true, route: .post("/auth/logout"),
                params: Params(.token("refreshToken", "From `auth.login` or `auth.refresh`.")),
                result: .done, example: Example(#"{"refreshToken":"…"}"#, gives: "{}"),
                run: platform.steps(logout)),
            Method(
                "auth.changePassword", "Sets a new password and ends every session.", role: .user,
                rate: .auth,
                mutates: true, sensitive: true, route: .post("/auth/change-password"),
                params: Params(
                    .password("currentPassword", length: 1...1024, "The password until now."),
                    .password("newPassword", "12 characters at least.")),
                result: .done,
                example: Example(
                    #"{"currentPassword":"correct horse battery","newPassword":"staple battery horse"}"#,
                    gives: "{}"),
                run: platform.steps(changePassword)),
            Method(
                "auth.verifyEmail", "Confirms an address with the token of the mail that was sent to it.",
                role: .public, rate: .auth, mutates: true, sensitive: true,
                route: .post("/auth/verify-email"), params: Params(.token("token", "From the mail.")),
                result: .done, example: Example(#"{"token":"…"}"#, gives: "{}"),
                run: platform.steps(verifyEmail)),
            Method(
                "auth.requestPasswordReset",
                "Sends a mail with which a new password can be set. The answer is the same when there is no such account.",
                role: .public, rate: .auth, mutates: true, sensitive: true,
                route: .post("/auth/request-password-reset"),
                params: Params(.email("email", "Of the account.")), result: .done,
                example: Example(#"{"email":"ada@example.org"}"#, gives: "{}"),
                run: platform.transaction(requestPasswordReset)),
            Method(
                "auth.resetPassword", "Sets a new password with the token of a mail, and ends every session.",
                role: .public, rate: .auth, mutates: true, sensitive: true,
                route: .post("/auth/reset-password"),
                params: Params(
                    .token("token", "From the mail."), .password("newPassword", "12 characters at least.")),
                result: .done,
                example: Example(
                    #"{"token":"…","newPassword":"staple battery horse"}"#, gives: "{}"),
                run: platform.steps(resetPassword)),
            Method(
                "auth.me", "Tells who is calling, and where he is a member.", role: .user, apiKeys: true,
                sensitive: true,
                route: .get("/auth/me"), params: Params(), result: Me.shape,
                example: Example("{}", gives: #"{"user":{"email":"ada@example.org"}}"#),
                run: platform.transaction(options: .readOnly, me)),
            Method(
                "auth.jwks", "The public keys that access tokens are signed with, as a JWK set.",
                role: .public,
                route: .get("/auth/jwks.json"), mediaType: "application/jwk-set+json", params: Params(),
                result: .document, example: Example("{}", gives: #"{"keys":[]}"#),
                run: .immediate { _ in Document(json: self.platform.tokens.jwkSet) }),
        ]
    }
}
