//! BulkSMS, the present service.

use smpp::status;

use super::{PASSWORD, Service, to_subscriber};

/// Shows BUL-F1.
#[test]
fn it_is_served_with_and_without_tls() {
    let service = Service::simulated("tangerine-ports", "");
    for mut esme in [service.plain(), service.tls()] {
        assert_eq!(esme.bind("tangerine", PASSWORD), status::OK);
        assert!(esme.submit(&to_subscriber(b"hello")).is_ok());
    }
}
