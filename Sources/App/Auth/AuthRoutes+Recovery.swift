// /auth/password and /auth/email: what needs a mail.

import Actors
import Reactor

extension AuthRoutes {
    static func declareRecovery(_ routes: RouteGroup) {
        // Mails have a limit of their own beside the tier's, by address and client, as logins have.
        routes.post(
            "/auth/password/forgot", summary: "Ask for a password reset",
            description: "Mails a token to the address if it is an account's. The answer is the same whether or not it is.",
            status: .accepted, limit: .strict, handler: forgotPassword)
        routes.post(
            "/auth/password/reset", summary: "Reset a password",
            description: "With a mailed token. Ends all sessions, and verifies the address.", errors: [.invalidOneTimeToken],
            limit: .strict, handler: resetPassword)
        routes.post(
            "/auth/email/verify", summary: "Verify an email address", description: "With a mailed token.",
            errors: [.invalidOneTimeToken], limit: .strict, handler: verifyEmail)
        routes.post(
            "/auth/email/verify/request", summary: "Ask for a mail to verify the own address", status: .accepted,
            errors: [.emailAlreadyVerified], access: .user, limit: .strict, handler: requestVerification)
    }

    @Sendable private static func forgotPassword(_ context: RequestContext, _ body: ForgotPasswordRequest) async throws -> Message {
        try await admitMail(context, to: body.email)
        try await context.services.auth.requestPasswordReset(of: body.email)
        return Message("If an account has this address, a mail is on its way to it")
    }

    @Sendable private static func resetPassword(_ context: RequestContext, _ body: ResetPasswordRequest) async throws -> Message {
        try await context.services.auth.resetPassword(with: body.token, to: body.newPassword, from: context.origin)
        return Message("Password updated successfully")
    }

    @Sendable private static func verifyEmail(_ context: RequestContext, _ body: VerifyEmailRequest) async throws -> Message {
        try await context.services.auth.verifyEmail(with: body.token, from: context.origin)
        return Message("Email address verified")
    }

    @Sendable private static func requestVerification(_ context: RequestContext) async throws -> Message {
        let user = try context.user
        try await admitMail(context, to: "user:\(user.userID)")
        try await context.services.auth.requestEmailVerification(of: user)
        return Message("A mail is on its way")
    }

    private static func admitMail(_ context: RequestContext, to address: Text) async throws {
        guard let allowance = await context.services.auth.admitMail(to: address, from: context.origin) else { return }
        try context.obey(allowance)
    }
}
