//! The journal's segments as files, in its folder or in the archive.

use std::path::{Path, PathBuf};

use tongguan::declaration::Timestamp;
use tongguan::journal::archive::{Policy, archive};

use super::life::{ARCHIVE, FOLDER, settings};
use super::planted;
use super::world::World;

pub fn name(segment: u32) -> String {
    format!("segment-{segment:08}.tgj")
}

/// Where a segment lies.
pub fn find(world: &World, segment: u32) -> Option<PathBuf> {
    let places = [FOLDER, ARCHIVE].map(|folder| Path::new(folder).join(name(segment)));
    let files = world.disk.files();
    let there = |path: &&PathBuf| files.iter().any(|(file, _)| file == *path);
    places.iter().find(there).cloned()
}

/// The segment that is written to, if there is one.
pub fn last(world: &World) -> Option<PathBuf> {
    let files = world.disk.files().into_iter().map(|(path, _)| path);
    files
        .filter(|path| path.extension().is_some_and(|end| end == "tgj"))
        .max_by_key(|path| path.file_name().map(ToOwned::to_owned))
}

/// An operator moves closed segments to the archive while the gateway runs.
pub fn move_some(world: &World) {
    let policy = Policy {
        before: Timestamp(i64::MAX),
        keep: world.below(3) as usize,
    };
    let disk = planted::disk(world.planted, &world.disk);
    let moved = archive(&*disk, &settings(world), policy, &mut |_| {
        world.count("segments archived", 1);
    });
    if let Err(fault) = moved {
        world.note(format_args!("not archived: {fault}"));
        if world.is_serving() {
            world.violate(format!("nothing is wrong, and yet: {fault}"));
        }
    }
}
