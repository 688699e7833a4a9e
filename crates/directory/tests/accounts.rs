//! Who is let in, and what the others are told.

use std::net::IpAddr;

use directory::{Attempt, Directory, NotAdmitted};
use smpp::status;

fn directory(more: &str) -> Directory {
    let text = format!(
        "[gateway]\n{more}\n[[listener]]\nname = 'smpp'\nkind = 'smpp'\naddr = '127.0.0.1:2775'\n\
         [[customer]]\nname = 'a'\npassword = 'secret'\n\
         [[customer]]\nname = 'off'\npassword = 'secret'\nenabled = false\n\
         [[customer]]\nname = 'careful'\nsystem_id = 'tls'\npassword = 'secret'\ntls_only = true\n\
         [[customer]]\nname = 'near'\npassword = 'secret'\nallow = ['192.0.2.0/24', '2001:db8::/32']\n"
    );
    Directory::parse("f", &text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn admit(
    directory: &Directory,
    system_id: &str,
    password: &str,
    from: &str,
    tls: bool,
) -> Option<NotAdmitted> {
    let from: IpAddr = from.parse().expect("an address");
    let attempt = Attempt {
        system_id: system_id.as_bytes(),
        password: password.as_bytes(),
        from,
        tls,
    };
    directory.accounts.admit(&attempt).err()
}

#[test]
fn only_who_proves_itself_is_let_in() {
    use NotAdmitted::{AddressNotAllowed, Disabled, TlsRequired, UnknownSystemId, WrongPassword};
    let directory = directory("");
    for (system_id, password, from, tls, expected) in [
        ("a", "secret", "198.51.100.1", false, None),
        ("a", "secret", "198.51.100.1", true, None),
        ("a", "Secret", "198.51.100.1", false, Some(WrongPassword)),
        ("a", "", "198.51.100.1", false, Some(WrongPassword)),
        ("A", "secret", "198.51.100.1", false, Some(UnknownSystemId)),
        ("", "", "198.51.100.1", false, Some(UnknownSystemId)),
        ("off", "secret", "198.51.100.1", false, Some(Disabled)),
        (
            "careful",
            "secret",
            "198.51.100.1",
            true,
            Some(UnknownSystemId),
        ),
        ("tls", "secret", "198.51.100.1", true, None),
        ("tls", "secret", "198.51.100.1", false, Some(TlsRequired)),
        ("near", "secret", "192.0.2.9", false, None),
        ("near", "secret", "::ffff:192.0.2.9", false, None),
        ("near", "secret", "2001:db8::1", false, None),
        (
            "near",
            "secret",
            "192.0.3.9",
            false,
            Some(AddressNotAllowed),
        ),
        // Who does not know the password learns nothing of the customer.
        ("off", "wrong", "198.51.100.1", false, Some(WrongPassword)),
        ("near", "wrong", "192.0.3.9", false, Some(WrongPassword)),
    ] {
        assert_eq!(
            admit(&directory, system_id, password, from, tls),
            expected,
            "{system_id} {password} {from}"
        );
    }
}

#[test]
fn the_answer_names_the_cause_unless_it_shall_not() {
    use NotAdmitted::{AddressNotAllowed, Disabled, TlsRequired, UnknownSystemId, WrongPassword};
    let open = directory("").accounts;
    assert_eq!(open.status(UnknownSystemId), status::RINVSYSID);
    assert_eq!(open.status(WrongPassword), status::RINVPASWD);
    let uniform = directory("uniform_auth_error = true").accounts;
    for why in [
        UnknownSystemId,
        WrongPassword,
        Disabled,
        TlsRequired,
        AddressNotAllowed,
    ] {
        assert_eq!(uniform.status(why), status::RBINDFAIL);
        assert_eq!(
            why.wrong_credentials(),
            matches!(why, UnknownSystemId | WrongPassword)
        );
    }
}
