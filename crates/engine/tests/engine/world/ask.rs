//! What a customer asks, and the history that answers what the engine has forgotten.

use engine::{Answer, Ask, Ended, Input, Inputs, Outputs, Past, Refusal, Span, Wish};

use super::{CUSTOMER, World};

impl World {
    /// The customer wants something of the message that it was told is called so.
    pub(crate) fn ask(
        &mut self,
        told: impl Into<engine::Told>,
        wish: Wish,
    ) -> Result<Answer, Refusal> {
        self.asked_as(told, |ask, _| ask.wish = wish)
    }

    /// The customer wants something, and says more than an id.
    pub(crate) fn asked_as(
        &mut self,
        told: impl Into<engine::Told>,
        special: impl FnOnce(&mut Ask, &mut Inputs),
    ) -> Result<Answer, Refusal> {
        self.ask_at_once(told, special).expect("an answer")
    }

    /// The same, if the answer comes at once.
    pub(crate) fn ask_at_once(
        &mut self,
        told: impl Into<engine::Told>,
        special: impl FnOnce(&mut Ask, &mut Inputs),
    ) -> Option<Result<Answer, Refusal>> {
        let origin = self.origin();
        self.give(|inputs| {
            let mut ask = Ask {
                origin,
                customer: CUSTOMER,
                told: Some(told.into()),
                source: Span::default(),
                destination: Span::default(),
                service_type: Span::default(),
                wish: Wish::State,
            };
            special(&mut ask, inputs);
            Input::Ask(ask)
        });
        match (self.answered.take(), self.accepted.take()) {
            (Some(answer), _) => Some(Ok(answer)),
            (None, Some(Err(refusal))) => Some(Err(refusal)),
            (None, _) => None,
        }
    }

    /// The history, which has everything that it was ever told.
    pub(super) fn look_up(&mut self, past: &mut Past) {
        self.history.extend(past.ended.iter().map(Ended::row));
        self.outcomes.append(&mut past.outcomes);
        self.lapses.append(&mut past.lapses);
        let mut answers = Outputs::default();
        for lookup in &past.lookups {
            let rows = self.history.iter();
            let rows = rows.filter(|row| row.starts_with(&lookup.beginning()));
            answers.push(lookup.answer(&rows.copied().collect::<Vec<_>>()));
        }
        self.look(&answers);
    }
}
