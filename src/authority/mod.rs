//! Speaking to an authority: one folder per way of doing it, the same file names in each.
//! An adapter hands over one dispatch and brings back what the authority said at once; when
//! to try again is `retry`, what an answer means is the family's, and what becomes of either
//! is the pipeline's. An adapter never names the journal or the view.

pub mod http;
pub mod retry;

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::declaration::Id;
use crate::fault::Fault;

/// One message on its way to an authority.
#[derive(Debug, Clone)]
pub struct Dispatch {
    /// Travels with the message and is the same at every attempt, so that the authority can
    /// see a repetition.
    pub id: Id,
    /// The lane.
    pub authority: String,
    /// The family, `goods`.
    pub kind: String,
    /// The message type, `DecMessage`.
    pub message_type: String,
    /// How trader and authority name it.
    pub reference: String,
    /// As the trader sent it.
    pub message: Bytes,
    /// The `charset` that it came with.
    pub charset: Option<String>,
}

/// The transport took the dispatch.
#[derive(Debug, Clone)]
pub struct Reply {
    /// What the authority said at once: untrusted, may be empty.
    pub body: Bytes,
    /// The `charset` of its `Content-Type`.
    pub charset: Option<String>,
}

/// The future that [`Adapter::deliver`] gives.
pub type Delivery<'a> = Pin<Box<dyn Future<Output = Result<Reply, Fault>> + Send + 'a>>;

/// A way of speaking to one authority.
pub trait Adapter: Send + Sync {
    /// Hands over one dispatch.
    ///
    /// # Errors
    /// `Retry::Later`: it may not have arrived; `Retry::Never`: the authority's transport
    /// refused it for good.
    fn deliver<'a>(&'a self, dispatch: &'a Dispatch) -> Delivery<'a>;
}
