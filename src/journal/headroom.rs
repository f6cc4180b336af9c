//! Room that is kept for the day when the disk is full. A file of that size lies in the
//! journal's folder. When the rest of the disk runs out, nothing more is recorded, and the file
//! gives its room back, so that what is under way can end: the view is written out, logs go on,
//! an operator can work. When space returns, the file is filled again first.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::fault::Fault;
use crate::telemetry;

use crate::disk::{Disk, DiskFile};

/// A group is only written while this much would be left beside it: the view writes too, and
/// what others write between two looks.
const LEFT: u64 = 8 << 20;

/// The room.
pub struct Headroom {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    file: Arc<dyn DiskFile>,
    bytes: u64,
    full: bool,
}

impl Headroom {
    /// Takes the room, or begins full: then nothing is recorded until there is some.
    ///
    /// # Errors
    /// A file that cannot be made.
    pub fn open(disk: Arc<dyn Disk>, folder: PathBuf, bytes: u64) -> io::Result<Headroom> {
        let path = folder.join("headroom");
        let file = match disk.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => disk.create(&path)?,
            opened => opened?,
        };
        let mut headroom = Headroom {
            disk,
            folder,
            file,
            bytes,
            full: true,
        };
        // A full disk is no reason not to start: reads go on.
        _ = headroom.take();
        Ok(headroom)
    }

    /// Whether a group of so many bytes may be written.
    ///
    /// # Errors
    /// A full disk: a fault that may be over at the next try.
    pub fn check(&mut self, bytes: u64) -> Result<(), Fault> {
        let fault = |what: String| Fault::for_now(format!("journal: {what}"));
        if self.full {
            self.take().map_err(|error| {
                fault(format!("the disk is full, and not yet free again: {error}"))
            })?;
            telemetry::journal_room_again(&self.folder);
        }
        let free = self
            .disk
            .free(&self.folder)
            .map_err(|error| fault(error.to_string()))?;
        if free >= bytes.saturating_add(LEFT) {
            return Ok(());
        }
        self.give().map_err(|error| fault(error.to_string()))?;
        Err(fault(format!("the disk is full: {free} bytes are free")))
    }

    /// Gives the room back; from now on the disk is full until there is space again.
    ///
    /// # Errors
    /// A file that cannot be cut.
    pub fn give(&mut self) -> io::Result<()> {
        self.full = true;
        telemetry::journal_full(&self.folder);
        self.file.set_length(0)
    }

    /// Takes the room, if then something is left to write to.
    fn take(&mut self) -> io::Result<()> {
        let held = self.file.length()?;
        let wanted = self.bytes.saturating_sub(held).saturating_add(2 * LEFT);
        let free = self.disk.free(&self.folder)?;
        if free < wanted {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                format!("{free} bytes are free, {wanted} are needed to go on"),
            ));
        }
        if self.bytes < held {
            self.file.set_length(self.bytes)?;
        }
        if self.bytes > 0 {
            self.file.reserve(self.bytes)?;
        }
        self.full = false;
        Ok(())
    }
}
