//! Mistakes planted from outside, through the traits that the gateway itself uses: the null
//! controls. The audit has to catch every one of them, or it proves nothing.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tongguan::authority::{Adapter, Delivery, Dispatch};
use tongguan::declaration::{Entry, Id};
use tongguan::disk::{Disk, DiskFile};
use tongguan::fault::Fault;
use tongguan::journal::{Append, Committed};

use crate::disk::SimulatedDisk;

/// What is wrong with the gateway or its disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    Nothing,
    /// The disk says success to every sync and does nothing.
    LyingDisk,
    /// Receipts leave before the sync: what was appended is on disk one group later.
    EarlyReceipts,
    /// A sync that failed is called again, and its success believed.
    RetriedSync,
    /// Idempotency keys are forgotten once the view should know them.
    ForgottenKeys,
    /// Every attempt carries another id.
    OtherIds,
    /// The end of the last segment is cut off at every start.
    CutTooMuch,
}

impl Planted {
    /// All of them.
    pub const MISTAKES: [Planted; 6] = [
        Planted::LyingDisk,
        Planted::EarlyReceipts,
        Planted::RetriedSync,
        Planted::ForgottenKeys,
        Planted::OtherIds,
        Planted::CutTooMuch,
    ];
}

/// The disk that the journal gets.
pub fn disk(planted: Planted, disk: &SimulatedDisk) -> Arc<dyn Disk> {
    match planted {
        Planted::RetriedSync => Arc::new(Retrying(disk.clone())),
        _ => Arc::new(disk.clone()),
    }
}

/// The appender that `record` gets.
pub fn append(planted: Planted, disk: &SimulatedDisk, append: Box<dyn Append>) -> Box<dyn Append> {
    match planted {
        Planted::EarlyReceipts => Box::new(Early(append, disk.clone())),
        _ => append,
    }
}

/// The adapter that the lane gets.
pub fn adapter(planted: Planted, adapter: Arc<dyn Adapter>) -> Arc<dyn Adapter> {
    match planted {
        Planted::OtherIds => Arc::new(Renumbering(adapter)),
        _ => adapter,
    }
}

struct Early(Box<dyn Append>, SimulatedDisk);

impl Append for Early {
    fn append(&mut self, group: &[Entry]) -> Result<Committed, Fault> {
        self.1.settle();
        self.1.lie(true);
        let committed = self.0.append(group);
        self.1.lie(false);
        committed
    }

    fn room(&mut self) -> Result<(), Fault> {
        self.0.room()
    }

    fn next_index(&self) -> u64 {
        self.0.next_index()
    }
}

struct Renumbering(Arc<dyn Adapter>);

impl Adapter for Renumbering {
    fn deliver<'a>(&'a self, dispatch: &'a Dispatch) -> Delivery<'a> {
        Box::pin(async move {
            let dispatch = Dispatch {
                id: Id(uuid::Uuid::now_v7()),
                ..dispatch.clone()
            };
            self.0.deliver(&dispatch).await
        })
    }
}

#[derive(Debug)]
struct Retrying(SimulatedDisk);

#[derive(Debug)]
struct RetryingFile(Arc<dyn DiskFile>);

impl Disk for Retrying {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        self.0.make_folder(folder)
    }
    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.0.names(folder)
    }
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(RetryingFile(self.0.open(path)?)))
    }
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(RetryingFile(self.0.create(path)?)))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.0.sync_folder(folder)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        self.0.lock(path)
    }
    fn free(&self, folder: &Path) -> io::Result<u64> {
        self.0.free(folder)
    }
}

impl DiskFile for RetryingFile {
    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_at(bytes, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_at(bytes, offset)
    }
    fn set_length(&self, length: u64) -> io::Result<()> {
        self.0.set_length(length)
    }
    fn reserve(&self, length: u64) -> io::Result<()> {
        self.0.reserve(length)
    }
    fn sync(&self) -> io::Result<()> {
        self.0.sync().or_else(|_| self.0.sync())
    }
}
