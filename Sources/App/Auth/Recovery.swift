// Requests and errors of the use cases that a mailed token opens. Values; any thread.

import Reactor

struct ForgotPasswordRequest: RequestBody {
    let email: Text

    static let schema = ObjectSchema("PasswordForgot", UserFields.email)

    init(_ values: ObjectValues) {
        email = values[UserFields.email]
    }
}

struct ResetPasswordRequest: RequestBody {
    let token: Text
    let newPassword: Text

    private static let newPassword = UserFields.password("new_password")
    static let schema = ObjectSchema("PasswordReset", OneTimeTokenFields.token, newPassword)

    init(_ values: ObjectValues) {
        token = values[OneTimeTokenFields.token]
        newPassword = values[Self.newPassword]
    }
}

struct VerifyEmailRequest: RequestBody {
    let token: Text

    static let schema = ObjectSchema("EmailVerify", OneTimeTokenFields.token)

    init(_ values: ObjectValues) {
        token = values[OneTimeTokenFields.token]
    }
}

private enum OneTimeTokenFields {
    static let token = Field.string("token", length: 1...512, description: "As it was mailed").secret()
}

extension APIError {
    static let invalidOneTimeToken = APIError(
        .badRequest, code: "INVALID_ONE_TIME_TOKEN", "The token is invalid, has been used or has expired")
    static let emailAlreadyVerified = APIError(.conflict, code: "EMAIL_ALREADY_VERIFIED", "The email address is verified already")
}
