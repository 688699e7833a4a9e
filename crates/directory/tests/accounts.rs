//! Who is let in, and what the others are told.

use std::net::IpAddr;

use directory::{Attempt, Directory, NotAdmitted};

fn directory(more: &str) -> Directory {
    let text = format!(
        "[gateway]\n{more}\n[[listener]]\nname = 'smpp'\nkind = 'smpp'\naddr = '127.0.0.1:2775'\n\
         [[customer]]\nname = 'a'\npassword = 'secret'\n\
         [[customer]]\nname = 'off'\npassword = 'secret'\nenabled = false\n\
         [[customer]]\nname = 'careful'\nsystem_id = 'tls'\npassword = 'secret'\ntls_only = true\n\
         [[customer]]\nname = 'near'\npassword = 'secret'\nallow = ['192.0.2.0/24', '2001:db8::/32']\n\
         [[customer]]\nname = 'hidden'\npassword = 'secret'\nallow = ['192.0.2.0/24']\naddress_denied = 'RINVSYSID'\n\
         [[customer]]\nname = 'curt'\npassword = 'secret'\nallow = ['192.0.2.0/24']\nrefusal_closes = true\n"
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

/// How an attempt that is not let in is refused: the status, and whether the connection ends.
fn refused(directory: &Directory, system_id: &str, password: &str, from: &str) -> (u32, bool) {
    let attempt = Attempt {
        system_id: system_id.as_bytes(),
        password: password.as_bytes(),
        from: from.parse().expect("an address"),
        tls: false,
    };
    let why = directory.accounts.admit(&attempt).err();
    let refusal = directory
        .accounts
        .refusal(&attempt, why.expect("it is not let in"));
    (refusal.status.0, refusal.closes)
}

/// Shows MOB-22, MTA-11.
#[test]
fn the_answer_names_the_cause_unless_it_shall_not() {
    let attempts = [
        ("nobody", "secret", 0x0F),
        ("a", "wrong", 0x0E),
        ("off", "secret", 0x0D),
        ("tls", "secret", 0x0D),
        ("near", "secret", 0x0D),
        ("hidden", "secret", 0x0F),
    ];
    let open = directory("");
    let uniform = directory("uniform_auth_error = true");
    for (system_id, password, named) in attempts {
        let told = |directory| refused(directory, system_id, password, "198.51.100.1");
        assert_eq!(told(&open), (named, false), "{system_id}");
        assert_eq!(told(&uniform), (0x0D, false), "{system_id}");
    }
    for why in [
        NotAdmitted::UnknownSystemId,
        NotAdmitted::WrongPassword,
        NotAdmitted::Disabled,
        NotAdmitted::TlsRequired,
        NotAdmitted::AddressNotAllowed,
    ] {
        assert_eq!(
            why.wrong_credentials(),
            matches!(
                why,
                NotAdmitted::UnknownSystemId | NotAdmitted::WrongPassword
            )
        );
    }
}

#[test]
fn a_refusal_that_ends_the_connection_does_not_tell_strangers_that_there_is_such_a_customer() {
    let (open, uniform) = (directory(""), directory("uniform_auth_error = true"));
    for (password, from, plain, hidden) in [
        ("wrong", "192.0.2.1", (0x0E, true), (0x0D, false)),
        ("secret", "198.51.100.1", (0x0D, true), (0x0D, true)),
    ] {
        assert_eq!(refused(&open, "curt", password, from), plain);
        assert_eq!(refused(&uniform, "curt", password, from), hidden);
    }
}

/// Shows MOB-24, MOB-37.
#[test]
fn a_bind_that_stands_is_judged_again_by_the_new_directory() {
    use NotAdmitted::{AddressNotAllowed, Disabled, TlsRequired, UnknownSystemId, WrongPassword};
    let of = |settings: &str| {
        let text = format!(
            "[[listener]]\nname = 'smpp'\nkind = 'smpp'\naddr = '127.0.0.1:2775'\n\
             [[customer]]\nname = 'other'\npassword = 'secret'\n[[customer]]\n{settings}\n"
        );
        Directory::parse("f", &text).unwrap_or_else(|problems| panic!("{problems}"))
    };
    let before = of("name = 'x'\npassword = 'secret'");
    let standing = before
        .accounts
        .admit(&Attempt {
            system_id: b"x",
            password: b"secret",
            from: [192, 0, 2, 1].into(),
            tls: false,
        })
        .expect("it is let in");
    let rotated = "name = 'x'\npassword = 'another'";
    for (settings, verdict) in [
        ("name = 'x'\npassword = 'secret'", Ok(())),
        (rotated, Ok(())),
        (
            &format!("{rotated}\nrotation_kicks = true"),
            Err(WrongPassword),
        ),
        (
            "name = 'x'\npassword = 'secret'\nrotation_kicks = true",
            Ok(()),
        ),
        (
            "name = 'x'\npassword = 'secret'\nenabled = false",
            Err(Disabled),
        ),
        (
            "name = 'x'\npassword = 'secret'\ntls_only = true",
            Err(TlsRequired),
        ),
        (
            "name = 'x'\npassword = 'secret'\nallow = ['192.0.2.0/24']",
            Ok(()),
        ),
        (
            "name = 'x'\npassword = 'secret'\nallow = ['192.0.3.0/24']",
            Err(AddressNotAllowed),
        ),
        // Another system_id counts for new binds; another customer's is not its own.
        ("name = 'x'\npassword = 'secret'\nsystem_id = 'y'", Ok(())),
        (
            "name = 'z'\npassword = 'secret'\nsystem_id = 'x'",
            Err(UnknownSystemId),
        ),
    ] {
        assert_eq!(
            of(settings).accounts.admits_still(&standing),
            verdict,
            "{settings}"
        );
    }
}
