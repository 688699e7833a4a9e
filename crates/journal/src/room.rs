//! How much room the disk has, and the blocks that are kept for what is owed.
//!
//! ```text
//!            low + hysteresis          scarce + hysteresis
//!   Ample <------------------ Low <----------------------- Scarce <-- (never) -- Reserve
//!     |        below low       ^ |      below scarce         |  disk full           ^ |
//!     +------------------------|-+---------------------------+----------------------+ |
//!                              +------------------------------------------------------+
//!                                  scarce + hysteresis, the reserve counted as free no more
//! ```

use crate::{Disk, DiskError, DiskFile, Options, disk::While, error::is_full, format::RESERVE};

/// What the disk's free space allows. Higher is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// Everything.
    Ample,
    /// Below mark 1: refuse new messages; outcomes and receipts still fit.
    Low,
    /// Below mark 2: dispatch nothing.
    Scarce,
    /// The disk was full and the reserve has been given up: what is owed is being written with
    /// it, and nothing else may come, receipts included.
    Reserve,
}

/// Octets that are written at once when the reserve is made; during operation no append waits for
/// more than one such piece.
const PIECE_BYTES: u64 = 1 << 20;

/// Watches free space and owns the reserve file.
pub(crate) struct Space<D: Disk> {
    marks: Marks,
    file: D::File,
    /// Octets that the reserve holds, of `marks.reserve`.
    held: u64,
    room: Room,
}

#[derive(Clone, Copy)]
struct Marks {
    low: u64,
    scarce: u64,
    hysteresis: u64,
    reserve: u64,
}

impl<D: Disk> Space<D> {
    /// Opens the reserve and fills it. A disk without room for it is not an error: a journal must
    /// open on a full disk, to tell so.
    pub(crate) fn open(disk: &D, options: &Options) -> Result<Space<D>, DiskError> {
        let marks = Marks {
            low: options.room_low_bytes,
            scarce: options.room_scarce_bytes,
            hysteresis: options.room_hysteresis_bytes,
            reserve: options.reserve_bytes,
        };
        let names = disk.list().while_doing("list", disk, "")?;
        let file = if names.iter().any(|name| name == RESERVE) {
            disk.open(RESERVE)
        } else {
            disk.create(RESERVE)
        }
        .while_doing("open", disk, RESERVE)?;
        let held = file.size().while_doing("read", disk, RESERVE)?;
        let mut space = Space {
            marks,
            file,
            held,
            room: Room::Ample,
        };
        if held > marks.reserve {
            space.cut(marks.reserve).while_doing("cut", disk, RESERVE)?;
        }
        if space.missing() > 0 {
            space.room = Room::Reserve;
        }
        space.fill_whole(disk)?;
        Ok(space)
    }

    fn fill_whole(&mut self, disk: &D) -> Result<(), DiskError> {
        loop {
            let missing = self.missing();
            self.look(disk).while_doing("write", disk, RESERVE)?;
            if self.missing() == 0 || self.missing() >= missing {
                // Once more, now that nothing is missing: the level without the reserve.
                self.look(disk).while_doing("write", disk, RESERVE)?;
                return Ok(());
            }
        }
    }

    /// The level as it was last found.
    pub(crate) fn room(&self) -> Room {
        self.room
    }

    /// Looks at the disk, and makes one more piece of a reserve that had been given up when there
    /// is room again. An error is the reserve's own, not the journal's.
    pub(crate) fn look(&mut self, disk: &D) -> std::io::Result<Room> {
        // A file system that cannot tell how full it is leaves the level as it was.
        let Ok(free) = disk.free_space() else {
            return Ok(self.room);
        };
        let spare = free.saturating_sub(self.missing());
        self.room = self.marks.judge(self.room, spare);
        if self.missing() > 0 && spare >= self.marks.scarce.saturating_add(self.marks.hysteresis) {
            self.fill_piece()?;
        }
        Ok(self.room)
    }

    /// Gives the reserve's blocks back to the disk; false when it has none.
    pub(crate) fn release(&mut self) -> bool {
        if self.held == 0 || self.cut(0).is_err() {
            return false;
        }
        self.room = Room::Reserve;
        // A file system may keep the blocks until its own journal is written. Nothing of value is
        // in the file, so a failure here says nothing about what is durable.
        let _ = self.file.sync();
        true
    }

    fn missing(&self) -> u64 {
        self.marks.reserve - self.held.min(self.marks.reserve)
    }

    fn cut(&mut self, length: u64) -> std::io::Result<()> {
        self.file.truncate(length)?;
        self.held = length;
        Ok(())
    }

    fn fill_piece(&mut self) -> std::io::Result<()> {
        let piece = noise(self.held, self.missing().min(PIECE_BYTES));
        match self.file.write_at(self.held, [&piece, &[]]) {
            Ok(()) => {
                self.held += piece.len() as u64;
                Ok(())
            }
            Err(error) if is_full(&error) => {
                // A quota, or another process was faster. What is held stays.
                self.room = self.room.max(Room::Scarce);
                self.cut(self.held)
            }
            Err(error) => Err(error),
        }
    }
}

impl Marks {
    fn judge(&self, before: Room, spare: u64) -> Room {
        let falls_to = self.level(spare, 0);
        let climbs_to = self.level(spare, self.hysteresis);
        if falls_to > before {
            falls_to
        } else if before == Room::Reserve && climbs_to == Room::Scarce {
            before
        } else {
            before.min(climbs_to)
        }
    }

    fn level(&self, spare: u64, margin: u64) -> Room {
        if spare >= self.low.saturating_add(margin) {
            Room::Ample
        } else if spare >= self.scarce.saturating_add(margin) {
            Room::Low
        } else {
            Room::Scarce
        }
    }
}

/// Octets that no file system can compress or share, so that they hold real blocks.
fn noise(seed: u64, length: u64) -> Vec<u8> {
    let mut state = seed ^ 0x9E37_79B9_7F4A_7C15;
    let mut piece = Vec::with_capacity(length as usize + 8);
    while (piece.len() as u64) < length {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        piece.extend_from_slice(&state.to_le_bytes());
    }
    piece.truncate(length as usize);
    piece
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKS: Marks = Marks {
        low: 100,
        scarce: 50,
        hysteresis: 10,
        reserve: 20,
    };

    #[test]
    fn a_level_falls_at_its_mark_and_climbs_above_it() {
        use Room::{Ample, Low, Reserve, Scarce};
        let steps = [
            (Ample, 100, Ample),
            (Ample, 99, Low),
            (Low, 109, Low),
            (Low, 110, Ample),
            (Ample, 10, Scarce),
            (Scarce, 59, Scarce),
            (Scarce, 60, Low),
            (Scarce, 110, Ample),
            (Reserve, 0, Reserve),
            (Reserve, 59, Reserve),
            (Reserve, 60, Low),
            (Reserve, 110, Ample),
        ];
        for (before, spare, after) in steps {
            assert_eq!(MARKS.judge(before, spare), after, "{before:?} with {spare}");
        }
    }

    #[test]
    fn no_two_pieces_of_the_reserve_are_alike() {
        assert_eq!(noise(0, 13).len(), 13);
        assert_ne!(noise(0, 64), noise(PIECE_BYTES, 64));
    }
}
