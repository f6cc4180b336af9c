//! Bounded queues between stages, lock-free: crossbeam's array channel, which parks a thread
//! that waits and wakes it without spinning a core away. The only file that names crossbeam.

use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

/// Where items go in; cheap to clone.
pub struct Queue<T> {
    sender: Sender<Message<T>>,
}

/// Where items come out; several threads may share it.
pub struct Outlet<T> {
    receiver: Receiver<Message<T>>,
}

enum Message<T> {
    Item(T),
    /// One receiver ends at each.
    End,
}

/// A queue for at most `capacity` items.
pub fn queue<T>(capacity: usize) -> (Queue<T>, Outlet<T>) {
    let (sender, receiver) = bounded(capacity);
    (Queue { sender }, Outlet { receiver })
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Queue<T> {
        Queue {
            sender: self.sender.clone(),
        }
    }
}

impl<T> Clone for Outlet<T> {
    fn clone(&self) -> Outlet<T> {
        Outlet {
            receiver: self.receiver.clone(),
        }
    }
}

impl<T> Queue<T> {
    /// Puts an item in, or gives it back when the queue is full or nobody takes any more.
    ///
    /// # Errors
    /// The item.
    pub fn try_send(&self, item: T) -> Result<(), T> {
        match self.sender.try_send(Message::Item(item)) {
            Ok(()) => Ok(()),
            Err(
                TrySendError::Full(Message::Item(item))
                | TrySendError::Disconnected(Message::Item(item)),
            ) => Err(item),
            Err(_) => unreachable!("an item went in"),
        }
    }

    /// Puts an item in, waiting for room: for threads.
    ///
    /// # Errors
    /// The item, when nobody takes any more.
    pub fn send(&self, item: T) -> Result<(), T> {
        match self.sender.send(Message::Item(item)) {
            Ok(()) => Ok(()),
            Err(error) => match error.0 {
                Message::Item(item) => Err(item),
                Message::End => unreachable!("an item went in"),
            },
        }
    }

    /// Ends one receiver, after everything that is in already.
    pub fn end(&self) {
        // Nobody takes any more: then there is nothing to end.
        _ = self.sender.send(Message::End);
    }

    /// Puts an item in as soon as there is room, without occupying a thread: for tasks whose
    /// turn may come a little later.
    ///
    /// # Errors
    /// The item, when nobody takes any more.
    pub async fn send_patiently(&self, item: T) -> Result<(), T> {
        let mut message = Message::Item(item);
        loop {
            message = match self.sender.try_send(message) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(message)) => message,
                Err(TrySendError::Disconnected(Message::Item(item))) => return Err(item),
                Err(TrySendError::Disconnected(Message::End)) => unreachable!("an item went in"),
            };
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Items waiting.
    pub fn depth(&self) -> usize {
        self.sender.len()
    }
}

impl<T> Outlet<T> {
    /// The next item; waits for it. `None`: this receiver has been ended.
    pub fn recv(&self) -> Option<T> {
        match self.receiver.recv() {
            Ok(Message::Item(item)) => Some(item),
            Ok(Message::End) | Err(_) => None,
        }
    }

    /// Waits for one item, at most so long, then takes what else is there while `more` says so.
    /// False: this receiver has been ended, and what is in `batch` is the last.
    pub fn recv_batch(
        &self,
        batch: &mut Vec<T>,
        wait: Duration,
        mut more: impl FnMut(&[T]) -> bool,
    ) -> bool {
        match self.recv_within(wait) {
            Ok(Some(item)) => batch.push(item),
            Ok(None) => return false,
            Err(()) => return true,
        }
        while more(batch) {
            match self.receiver.try_recv() {
                Ok(Message::Item(item)) => batch.push(item),
                Ok(Message::End) => return false,
                Err(_) => break,
            }
        }
        true
    }

    /// As [`Outlet::recv`], but gives up after `wait`: `Err`.
    ///
    /// # Errors
    /// Nothing came in time.
    #[allow(clippy::result_unit_err)]
    pub fn recv_within(&self, wait: Duration) -> Result<Option<T>, ()> {
        match self.receiver.recv_timeout(wait) {
            Ok(Message::Item(item)) => Ok(Some(item)),
            Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_gives_the_item_back() {
        let (queue, outlet) = queue(2);
        assert_eq!(
            (queue.try_send(1), queue.try_send(2), queue.try_send(3)),
            (Ok(()), Ok(()), Err(3))
        );
        assert_eq!(queue.depth(), 2);
        let mut batch = Vec::new();
        assert!(outlet.recv_batch(&mut batch, Duration::ZERO, |taken| taken.len() < 10));
        assert_eq!(batch, [1, 2]);
    }

    #[test]
    fn every_item_comes_out_once_and_every_receiver_ends() {
        let (queue, outlet) = queue(8);
        let sum = std::thread::scope(|scope| {
            let takers: Vec<_> = (0..3)
                .map(|_| {
                    let outlet = outlet.clone();
                    scope.spawn(move || std::iter::from_fn(|| outlet.recv()).sum::<u64>())
                })
                .collect();
            for sender in 0..4u64 {
                let queue = queue.clone();
                scope
                    .spawn(move || {
                        (0..1000)
                            .for_each(|n| queue.send(sender * 1000 + n).expect("somebody takes"))
                    })
                    .join()
                    .expect("sends");
            }
            takers.iter().for_each(|_| queue.end());
            takers
                .into_iter()
                .map(|taker| taker.join().expect("takes"))
                .sum::<u64>()
        });
        assert_eq!(sum, (0..4000).sum::<u64>());
    }
}
