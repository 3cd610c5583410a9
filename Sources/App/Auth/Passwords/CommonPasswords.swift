// Passwords that everybody tries first. Pure.

import Reactor

/// The check of NIST SP 800-63B 5.1.1.2: no password that is commonly used, or that the account's own names give away.
enum CommonPasswords {
    /// Why a password protects nothing; nil where it is not known to.
    static func problem(with password: Text, names: [Text?]) -> String? {
        let candidate = password.lowercased()
        if list.contains(candidate) { return "this password is among the most common ones" }
        if Set(candidate.unicodeScalars).count < 3 { return "this password repeats too few characters" }
        for case let name? in names where !name.isEmpty {
            let name = name.lowercased()
            let local = name.prefix(before: UInt8(ascii: "@"))
            if candidate == name || candidate == local { return "this password is the account's own name" }
        }
        return nil
    }

    /// From the yearly lists of leaked passwords, without those under the minimum of 8 characters.
    private static let list = Set(
        """
        0123456789 0987654321 11111111 111111111 1111111111 11223344 1122334455 112233445566 12121212 12341234 1234512345 12345678
        123456789 1234567890 12345678910 123456789a 1234567891 1234qwer 1234abcd 123123123 123321123 12344321 123654789 147258369
        147852369 159753456 159357456 18436572 1a2b3c4d 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 21212121
        22222222 31415926 33333333 44444444 55555555 55667788 66666666 741852963 77777777 789456123 87654321 88888888 963852741
        987654321 9876543210 98765432 99999999 a1234567 a12345678 a123456789 a1b2c3d4 aa123456 aa12345678 abc12345 abc123456
        abcd1234 abcd12345 abcdef123 abcdefgh abcdefg1 access14 admin123 admin1234 admin12345 admin123456 administrator adminadmin
        alexander alexandra amanda123 andrew123 asdasdasd asdf1234 asdfasdf asdfghjk asdfghjkl asdqwe123 azertyuiop barcelona
        baseball basketball batman123 beautiful billabong blink182 butterfly california carolina changeme changeme1 changeme123
        charlie1 chocolate christian christopher computer computer1 cristina danielle default1 dragon123 drowssap elephant
        elizabeth evergreen facebook fernando firebird football football1 freedom1 gabriela gfhjkm123 godzilla hello123 hello1234
        hellohello helpdesk iloveyou iloveyou1 iloveyou2 internet jennifer jonathan kristina letmein1 letmein123 liverpool
        lovelove loveyou1 marlboro master123 maverick mercedes metallica michael1 michelle midnight monkey123 mustang1 mynoob123
        naruto123 nicholas nintendo p@ssw0rd p@ssword pa55word pa$$word parola123 pass1234 pass12345 passw0rd passw0rd1 passwort
        password password! password1 password1! password12 password123 password1234 password12345 password123! password2
        passwordpassword patricia playboy1 pokemon1 princess princess1 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qazwsx123 qazwsxedc
        qq123456 qwe123qwe qwer1234 qwert123 qwert12345 qwerty12 qwerty123 qwerty1234 qwerty12345 qwerty123456 qwertyui qwertyuiop
        qwertyuiop1 qwertyqwerty rainbow1 rockstar root1234 rootroot samantha scorpion secret123 september shadow123 skywalker
        slipknot snowball spiderman starwars starwars1 steelers strawberry summer2023 summer2024 summer2025 sunshine sunshine1
        superman superman1 superstar sweetheart swordfish test1234 test12345 testtest testing123 thunder1 tinkerbell trustno1
        trustno1! undertaker user1234 valentina vancouver veronica victoria volleyball welcome1 welcome12 welcome123 welcome1234
        whatever williams winter2023 winter2024 winter2025 wordpass xiaoming yamaha123 yankees1 zaq12wsx zaq1zaq1 zaqwsxcde
        zxcvbnm1 zxcvbnm123
        """
        .split(whereSeparator: \.isWhitespace).map { Text(String($0)) })
}
