//! What goes wrong in one life.

use crate::disk::{self, Operation};

use super::world::World;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    None,
    /// The power goes at this operation of the disk.
    PowerAt(u64),
    /// The power goes at this change of the disk.
    PowerAtChange(u64),
    /// This change fails.
    Fails(u64),
    /// This sync fails.
    SyncFails(u64),
    /// For this write there is no room, against expectation.
    NoRoomAt(u64),
    /// So many of a million operations fail.
    Failing(u64),
    /// The disk is full, and later it is not.
    Full,
}

impl Trouble {
    pub fn any(world: &World) -> Trouble {
        match world.below(12) {
            0 => Trouble::PowerAt(world.few(300)),
            1 => Trouble::PowerAt(world.few(30)),
            2 => Trouble::PowerAtChange(world.few(100)),
            3 => Trouble::PowerAtChange(world.few(12)),
            4 => Trouble::Fails(world.few(60)),
            5 => Trouble::SyncFails(world.few(20)),
            6 => Trouble::NoRoomAt(world.few(30)),
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
            Trouble::PowerAt(after) => disk.plan(&Operation::ALL, after, power),
            Trouble::PowerAtChange(after) => disk.plan(&Operation::CHANGES, after, power),
            Trouble::Fails(after) => disk.plan(&Operation::CHANGES, after, disk::Trouble::Fail),
            Trouble::SyncFails(after) => {
                disk.plan(&[Operation::Sync], after, disk::Trouble::Fail);
                // So that something rests on it: the power goes later.
                disk.plan(&Operation::CHANGES, after + world.few(60), power);
            }
            Trouble::NoRoomAt(after) => disk.plan(&[Operation::Write], after, disk::Trouble::Full),
            Trouble::Failing(failing) => disk.calm(failing),
            Trouble::Full => {
                let (used, left) = (disk.used(), world.few(40 << 20));
                disk.resize(used + left);
                world.count("lives on a full disk", 1);
            }
        }
    }

    /// Whether a start may be refused: not when only the power goes.
    pub fn may_refuse(self) -> bool {
        !matches!(self, Trouble::None | Trouble::Full)
    }
}
