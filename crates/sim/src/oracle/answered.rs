//! Messages that subscribers answer: whoever sent one gets the answer, whosever the number is that it came from.

use super::{Oracle, Story};
use crate::plan::own_number;

impl Oracle {
    /// Messages that their customers know to be taken on, from numbers that subscribers write to. No two go to one subscriber.
    pub(crate) fn answerable(&self) -> impl DoubleEndedIterator<Item = usize> {
        let stories = self.stories.iter().enumerate();
        let answerable = stories.filter(|(_, story)| {
            let written = story.head.is_none() && story.is_accepted();
            written && self.is_own_number(story)
        });
        answerable.map(|(number, _)| number)
    }

    /// Messages whose subscribers may be remembered: whoever has no answer does not know whether it was taken on.
    pub(crate) fn remembered_max(&self) -> usize {
        let may_be = |story: &&Story| story.may_be_accepted() && self.is_own_number(story);
        self.stories.iter().filter(may_be).count()
    }

    fn is_own_number(&self, story: &Story) -> bool {
        (0..self.customers.len()).any(|customer| own_number(customer) == story.sms.source)
    }

    /// A new message of the subscriber to whom this one went; its number.
    pub(crate) fn answer_to(&mut self, message: usize) -> usize {
        let story = &self.stories[message];
        let (theirs, ours) = (story.sms.destination.clone(), story.sms.source.clone());
        self.push_mo(story.customer, theirs, ours)
    }
}
