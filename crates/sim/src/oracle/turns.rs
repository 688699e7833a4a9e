//! Whether customers who wait for one carrier take turns.

use super::{Copy, Oracle, Story};

impl Oracle {
    /// From its acceptance until it left, no message from `first` on was passed by more messages of another customer in its class
    /// than it was itself worth turns, those of its own customer before it included, and a window. For fair weather, where each is
    /// sent once.
    pub(super) fn judge_turns(&self, first: usize) -> Result<(), String> {
        for (number, story) in self.stories.iter().enumerate().skip(first) {
            let Some((_, _, accepted)) = story.answer else {
                continue;
            };
            let [copy] = &story.copies[..] else { continue };
            if story.sms.delay.is_some() {
                continue;
            }
            let passed_by = |customer: usize| {
                self.stories[first..].iter().filter(move |other| {
                    other.customer == customer && other.passed(story, copy, accepted)
                })
            };
            let own = passed_by(story.customer).map(Story::segments_max);
            let turns = story.segments_max() + own.sum::<usize>();
            let most = turns + self.connectors[copy.connector].window;
            for customer in 0..self.customers.len() {
                let passed = passed_by(customer).count();
                if customer != story.customer && passed > most {
                    return Err(format!(
                        "m{number} waited for {passed} of customer{}, and {most} would be fair: {story}",
                        customer + 1
                    ));
                }
            }
        }
        Ok(())
    }
}

impl Story {
    /// Whether it left between the acceptance and the leaving of another message that waited for the same carrier in the same class.
    fn passed(&self, waiting: &Story, copy: &Copy, accepted: u64) -> bool {
        let between = accepted..copy.written_at;
        self.sms.priority == waiting.sms.priority
            && self
                .copies
                .iter()
                .any(|mine| mine.connector == copy.connector && between.contains(&mine.written_at))
    }
}
