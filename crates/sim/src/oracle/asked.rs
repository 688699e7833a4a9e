//! What customers asked about their own messages and wanted done with them, and whether the answers may be.

use smpp::status::{self, Status};
use sms::State;

use engine::PartReceipts;

use super::{Code, Moment, Oracle, Said, Story};
use crate::env::Env;

/// What a customer wants of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// To know its state (query_sm).
    State,
    /// That it is not sent (cancel_sm).
    Cancel,
}

/// What it was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reply {
    /// The message's state.
    State {
        /// Which.
        state: State,
        /// The network's code in one octet.
        error: u8,
        /// The answer says when it came to the state, so there is no other to come.
        ended: bool,
    },
    /// It is not going to be sent.
    Cancelled,
    /// Neither.
    Refused(Status),
}

/// One request.
#[derive(Debug)]
pub(super) struct Asked {
    wish: Wish,
    at: Option<Moment>,
    reply: Option<Reply>,
}

/// A request in the words of query_sm and cancel_sm.
pub(crate) struct Request {
    pub(crate) wish: Wish,
    pub(crate) id: Vec<u8>,
    pub(crate) source: Vec<u8>,
    pub(crate) destination: Vec<u8>,
}

impl Oracle {
    /// A customer is going to ask; the number of the request among those about this message.
    pub(crate) fn wish(&mut self, message: usize, wish: Wish) -> usize {
        let asked = &mut self.stories[message].asked;
        asked.push(Asked {
            wish,
            at: None,
            reply: None,
        });
        asked.len() - 1
    }

    /// The messages that this customer knows the ids of, in the order in which it wrote them.
    pub(crate) fn known_to(&self, customer: usize) -> impl DoubleEndedIterator<Item = usize> {
        let stories = self.stories.iter().enumerate();
        stories
            .filter(move |(_, story)| story.customer == customer && self.may_be_asked_about(story))
            .map(|(message, _)| message)
    }

    /// Whether a message never left our process.
    pub(crate) fn was_never_sent(&self, message: usize) -> bool {
        let mut family = self.family(&self.stories[message]);
        family.all(|story| story.sends == 0)
    }

    /// How many messages were cancelled.
    pub(crate) fn cancelled(&self) -> usize {
        let cancelled = self.stories.iter().filter(|story| story.is_cancelled());
        cancelled.count()
    }

    /// When everything is at rest and every customer has asked for each of its messages: whether it knows how each ended.
    pub(crate) fn judge_answers(&self) -> Result<(), String> {
        let unknown =
            |story: &Story| self.may_be_asked_about(story) && story.end_by_answer().is_none();
        match self.stories.iter().position(unknown) {
            None => Ok(()),
            Some(number) => Err(format!(
                "m{number} has ended, and its customer could not find out how: {}",
                self.stories[number]
            )),
        }
    }

    /// There was no room for the history, as it was then, and messages come before it.
    pub(crate) fn history_forgotten(&mut self, at: u64) {
        self.history_from = at;
    }

    /// Where the last part alone is told of, an answer, which is about all parts, need not agree. And how it ended may be forgotten.
    fn may_be_asked_about(&self, story: &Story) -> bool {
        let last = self.customers[story.customer].split_receipts == PartReceipts::Last;
        story.is_accepted() && !(story.is_long() && last) && !self.may_be_forgotten(story)
    }

    /// Whether the message was there when the history was forgotten, so that it may have ended before.
    fn may_be_forgotten(&self, story: &Story) -> bool {
        let submitted = story.submitted.map(|moment| moment.at);
        submitted.is_some_and(|at| at < self.history_from)
    }

    fn wrong_reply(
        &self,
        story: &Story,
        asked: &Asked,
        reply: Reply,
        now: Moment,
    ) -> Option<String> {
        match reply {
            Reply::Cancelled => {
                let may_have_it = |said| match said {
                    Said::Refused(status) => super::judge::is_permanent(status),
                    Said::Taken | Said::Nothing { .. } => true,
                };
                let mut copies = self.family(story).flat_map(|story| &story.copies);
                if copies.any(|copy| may_have_it(copy.said)) {
                    return Some("a carrier may have it".to_owned());
                }
                let end = story.end()?;
                (end != State::Deleted).then(|| format!("it was {end:?} before"))
            }
            Reply::Refused(status::RCANCELFAIL) if asked.wish == Wish::Cancel => {
                let too_late = self.family(story).any(|story| story.sends > 0)
                    || self.may_be_on_its_way(story)
                    // A long message is not cut off in the middle.
                    || self.siblings(story).any(|part| {
                        part.sends > 0 || part.end().is_some_and(|end| end != State::Deleted)
                    })
                    || story.end().is_some()
                    || story.wished_for(Wish::Cancel) > 1
                    || self.may_be_purged(story)
                    || self.has_expired(story, now.wall);
                (!too_late).then(|| "it could have been stopped".to_owned())
            }
            // The process goes down.
            Reply::Refused(status::RSYSERR) => None,
            Reply::Refused(status::RMSGQFUL) if asked.wish == Wish::Cancel => None,
            Reply::Refused(status::RINVMSGID) if self.may_be_forgotten(story) => None,
            Reply::Refused(_) => Some("the message is known".to_owned()),
            Reply::State {
                state,
                ended: false,
                ..
            } if state != State::Enroute => Some("that is no state on the way".to_owned()),
            Reply::State { ended: false, .. } => {
                let end = story.end_before(asked.at?.at)?;
                Some(format!("it was {end:?} before"))
            }
            Reply::State { state, error, .. } => match story.end() {
                Some(end) if end != state => Some(format!("it was {end:?} before")),
                _ => self.unfounded(story, state, Code::Octet(error), now),
            },
        }
    }
}

impl Story {
    /// How it ended, as far as an answer has said so.
    pub(super) fn end_by_answer(&self) -> Option<State> {
        self.asked.iter().find_map(|asked| match asked.reply? {
            Reply::State {
                state, ended: true, ..
            } => Some(state),
            Reply::Cancelled => Some(State::Deleted),
            Reply::State { ended: false, .. } | Reply::Refused(_) => None,
        })
    }

    /// Whether its customer was promised that it is not sent.
    pub(super) fn is_cancelled(&self) -> bool {
        let mut replies = self.asked.iter().filter_map(|asked| asked.reply);
        replies.any(|reply| reply == Reply::Cancelled)
    }

    /// Whether its customer may have stopped it: an answer can be lost.
    pub(super) fn may_be_cancelled(&self) -> bool {
        self.asked.iter().any(|asked| {
            asked.wish == Wish::Cancel
                && asked.at.is_some()
                // Of a long message some parts may have been stopped when it came too late for others.
                && (self.is_long() || matches!(asked.reply, None | Some(Reply::Cancelled)))
        })
    }

    fn wished_for(&self, wish: Wish) -> usize {
        let asked = self.asked.iter();
        asked
            .filter(|asked| asked.wish == wish && asked.at.is_some())
            .count()
    }

    /// How it ended, as its customer was told or answered.
    fn end(&self) -> Option<State> {
        self.end_before(u64::MAX)
    }

    fn end_before(&self, at: u64) -> Option<State> {
        let told = self.told.iter();
        let end = told
            .filter(|told| told.ends(self.wants_intermediate()) && told.when.at < at)
            .map(|told| told.state);
        end.chain(self.end_by_answer()).next()
    }
}

impl Env {
    /// A customer asks; its request in words, if it knows the id of the message.
    pub(crate) fn asks(&mut self, message: usize, number: usize) -> Option<Request> {
        let moment = self.moment();
        let story = &mut self.oracle.stories[message];
        let (_, id, _) = story.answer.as_ref()?;
        let asked = &mut story.asked[number];
        asked.at = Some(moment);
        let request = Request {
            wish: asked.wish,
            id: id.clone(),
            source: story.sms.source.clone(),
            destination: story.sms.destination.clone(),
        };
        let wish = request.wish;
        self.say(format_args!("esme: asks for {wish:?} of m{message}"));
        Some(request)
    }

    /// A customer has the answer to what it asked; `id` is the message's as the answer has it, if it has one.
    pub(crate) fn replied(
        &mut self,
        message: usize,
        number: usize,
        reply: Reply,
        id: Option<&[u8]>,
    ) {
        self.say(format_args!("esme: m{message}: {reply:?}"));
        let now = self.moment();
        let story = &self.oracle.stories[message];
        let known = story.answer.as_ref().map(|(_, id, _)| &id[..]);
        let wrong = if id.is_some_and(|id| Some(id) != known) {
            Some("the answer is about another".to_owned())
        } else {
            self.oracle
                .wrong_reply(story, &story.asked[number], reply, now)
        };
        let wrong = wrong.map(|wrong| format!("m{message}: {reply:?}, but {wrong}: {story}"));
        self.oracle.stories[message].asked[number].reply = Some(reply);
        if let Some(wrong) = wrong {
            self.violated(wrong);
        }
    }

    /// The answers to what was asked about a message, in the order of the requests.
    pub(crate) fn replies_about(&self, message: usize) -> Vec<Reply> {
        let asked = self.oracle.stories[message].asked.iter();
        asked.filter_map(|asked| asked.reply).collect()
    }
}
