//! What goes wrong in one life.

use std::fmt;

use crate::disk::{self, Operation};

use super::world::World;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    None,
    /// The power goes at an operation of the disk.
    PowerAt(Moment),
    /// An operation fails; later the power may go.
    FailsAt(Moment),
    /// For an operation there is no room, against expectation.
    NoRoomAt(Moment),
    /// So many of a million operations fail.
    Failing(u64),
    /// The disk is full, and later it is not.
    Full,
}

/// An operation of these kinds, after so many others of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    of: &'static [Operation],
    after: u64,
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            [one] => write!(f, "{one:?} {}", self.after),
            several => write!(f, "one of {} kinds {}", several.len(), self.after),
        }
    }
}

impl Moment {
    /// Of one kind, or of all that change something, or of all.
    fn any(world: &World) -> Moment {
        /// Where most of what was promised hangs.
        const OFTEN: [Operation; 4] = [
            Operation::Read,
            Operation::Write,
            Operation::Sync,
            Operation::SyncFolder,
        ];
        let one = |of: &'static [Operation]| {
            let kind = world.below(of.len() as u64) as usize;
            &of[kind..=kind]
        };
        let (of, after): (&[Operation], u64) = match world.below(6) {
            0 => (&Operation::ALL, 400),
            1 => (&Operation::CHANGES, 100),
            2 => (one(&Operation::ALL), 20),
            _ => (one(&OFTEN), 12),
        };
        Moment {
            of,
            after: world.few(after),
        }
    }

    fn plan(self, world: &World, trouble: disk::Trouble) {
        world.disk.plan(self.of, self.after, trouble);
    }
}

impl Trouble {
    pub fn any(world: &World) -> Trouble {
        match world.below(12) {
            0..=2 => Trouble::PowerAt(Moment::any(world)),
            3..=5 => Trouble::FailsAt(Moment::any(world)),
            6 if world.chance(1, 2) => Trouble::NoRoomAt(Moment::any(world)),
            6 => Trouble::NoRoomAt(Moment {
                of: &[Operation::Write],
                after: world.few(40),
            }),
            7 => Trouble::Failing(2_000 + world.below(20_000)),
            8 => Trouble::Full,
            _ => Trouble::None,
        }
    }

    pub fn plan(self, world: &World) {
        let disk = &world.disk;
        disk.calm(0);
        disk.resize(u64::MAX);
        let power = if world.chance(1, 2) {
            disk::Trouble::OffBefore
        } else {
            disk::Trouble::OffAfter
        };
        match self {
            Trouble::None => {}
            Trouble::PowerAt(moment) => moment.plan(world, power),
            Trouble::FailsAt(moment) => {
                moment.plan(world, disk::Trouble::Fail);
                if world.chance(1, 2) {
                    Moment::any(world).plan(world, power);
                }
            }
            Trouble::NoRoomAt(moment) => moment.plan(world, disk::Trouble::Full),
            Trouble::Failing(failing) => disk.calm(failing),
            Trouble::Full => {
                disk.resize(disk.used() + world.few(40 << 20));
                world.count("lives on a full disk", 1);
            }
        }
    }

    /// Whether a start may be refused: not when the disk does what it is asked.
    pub fn may_refuse(self) -> bool {
        !matches!(self, Trouble::None | Trouble::Full)
    }
}
