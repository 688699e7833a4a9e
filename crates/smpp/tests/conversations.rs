//! Conversations with a session, as text: `conversations/*.txt`.
//!
//! ```text
//! == A title begins a conversation, `session` or `bound` its session
//! session message_centre window_in=2        a new connection; settings by name
//! bound esme transceiver 3.4 window_out=1   the same with the bind behind it (its number is 1)
//! <- submit_sm #2 text=hello                the peer sends this PDU with sequence number 2 ..
//! <- unbind #3 & enquire_link #4            .. or several in one piece ..
//! <- part 10 enquire_link #5                .. or only its first octets; `<- rest` brings the others
//! <- hex 00000010..                         .. or octets
//! <- 5 x enquire_link #6                    .. or the same several times
//! -> submit_sm_resp #2 ok message_id=a      the session must send this next
//! ! request submit_sm #2                    the caller must be told this next
//! do respond submit_sm_resp #2 ok           the caller does something
//! +30s                                      time passes
//! is outstanding=1 state=Bound(Transceiver) something to be asked of the session
//! ```
//!
//! What is written must be there in this order; of fields, only those that are written are looked at. Before the next
//! thing happens, everything sent and told must have been written down.

#[path = "conversations/script.rs"]
mod script;
#[path = "conversations/speech.rs"]
mod speech;

macro_rules! conversations {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                script::run(stringify!($name), include_str!(concat!("conversations/", stringify!($name), ".txt")));
            }
        )*

        #[test]
        fn every_conversation_is_run() {
            let mut files: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conversations"))
                .expect("the directory is there")
                .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
                .filter_map(|name| name.strip_suffix(".txt").map(str::to_owned))
                .collect();
            files.sort();
            assert_eq!(files, [$(stringify!($name)),*]);
        }
    };
}

conversations! {
    bind
    bind_as_esme
    enquire_link
    framing
    legality
    outbind
    requests
    responses
    unbind
    version
    window_in
}
