//! Values that somebody else may go on reading as they were: the engine changes them meanwhile, and copies only what it touches.

use core::ops::Deref;
use std::sync::Arc;

/// ```text
/// Own --lend--> Lent (one here, one with the reader) --own--> Own: taken back if the reader has dropped its one, else copied
/// ```
/// One that was never lent costs a comparison to use.
#[derive(Debug)]
pub(crate) enum Lendable<T> {
    Own(T),
    Lent(Arc<T>),
}

impl<T: Default> Default for Lendable<T> {
    fn default() -> Lendable<T> {
        Lendable::Own(T::default())
    }
}

impl<T> Deref for Lendable<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Lendable::Own(value) => value,
            Lendable::Lent(value) => value,
        }
    }
}

impl<T: Default> Lendable<T> {
    /// The same value, as it is now. Copies nothing.
    pub(crate) fn lend(&mut self) -> Lendable<T> {
        let lent = match self {
            Lendable::Own(value) => Arc::new(core::mem::take(value)),
            Lendable::Lent(lent) => lent.clone(),
        };
        *self = Lendable::Lent(lent.clone());
        Lendable::Lent(lent)
    }
}

impl<T: Clone + Default> Lendable<T> {
    /// The value, to be changed. Copies it if somebody still reads it as it was.
    #[inline]
    pub(crate) fn own(&mut self) -> &mut T {
        if let Lendable::Lent(_) = self {
            self.take_back();
        }
        match self {
            Lendable::Own(value) => value,
            Lendable::Lent(_) => unreachable!("it is ours since just now"),
        }
    }

    #[cold]
    fn take_back(&mut self) {
        if let Lendable::Lent(lent) = self {
            *self = Lendable::Own(Arc::unwrap_or_clone(core::mem::take(lent)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_lent_a_value_reads_it_as_it_was() {
        let mut value = Lendable::Own(vec![1]);
        let lent = value.lend();
        value.own().push(2);
        let again = value.lend();
        value.own().push(3);
        assert_eq!(
            (&lent[..], &again[..], &value[..]),
            (&[1][..], &[1, 2][..], &[1, 2, 3][..])
        );
    }

    #[test]
    fn what_nobody_reads_any_more_is_taken_back_without_a_copy() {
        let mut value = Lendable::Own(vec![1]);
        let place = value.as_ptr();
        drop(value.lend());
        assert_eq!(value.own().as_ptr(), place);
    }
}
