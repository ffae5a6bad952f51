//! What holds a scan back or ends it: a budget, a person, a server under strain.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::Instant;

/// Why a scan ended before it had read everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    Time,
    /// Whoever asked wanted it to end.
    Asked,
    /// The server suffered, in these words.
    Harm(String),
}

/// A page that is under way when a scan ends gets so long: a healthy server needs some milliseconds for it.
const MOMENT: Duration = Duration::from_secs(1);
/// Rests grow up to this factor while a server is under strain.
const SLOWEST: u32 = 64;

/// Shared by all that read, and by those who watch the servers meanwhile.
#[derive(Debug)]
pub struct Control {
    started: Instant,
    deadline: Option<Instant>,
    stop: watch::Sender<Option<Stop>>,
}

/// What holds back the reading of one node: others may be well.
#[derive(Debug)]
pub struct Brake {
    control: Arc<Control>,
    /// Rests are this many times as long.
    slower: AtomicU32,
    pause: watch::Sender<Option<String>>,
}

impl Control {
    pub fn new(time: Option<Duration>) -> Self {
        Self {
            started: Instant::now(),
            deadline: time.map(|time| Instant::now() + time),
            stop: watch::Sender::new(None),
        }
    }

    /// Milliseconds since the scan began.
    pub fn age(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    /// The first reason stands.
    pub fn end(&self, reason: Stop) {
        self.stop.send_if_modified(|stop| {
            let first = stop.is_none();
            stop.get_or_insert(reason);
            first
        });
    }

    pub fn stopped(&self) -> Option<Stop> {
        self.stop.borrow().clone()
    }
}

impl Brake {
    pub fn new(control: Arc<Control>) -> Self {
        Self { control, slower: AtomicU32::new(1), pause: watch::Sender::new(None) }
    }

    pub fn control(&self) -> &Control {
        &self.control
    }

    pub fn pause(&self, reason: Option<String>) {
        self.pause.send_if_modified(|now| {
            let changed = *now != reason;
            *now = reason;
            changed
        });
    }

    pub fn paused(&self) -> Option<String> {
        self.pause.borrow().clone()
    }

    /// The server answers others late: rest twice as long; or it does not: by and by less.
    pub fn strain(&self, strained: bool) {
        let change = |now: u32| if strained { (now * 2).min(SLOWEST) } else { (now * 3 / 4).max(1) };
        let _ = self.slower.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| Some(change(now)));
    }

    /// Waits for the rest, `least` of it under strain, and for the end of a pause; `false` when it is time to stop.
    pub async fn may_go_on(&self, rest: Duration, least: Duration) -> bool {
        let mut pause = self.pause.subscribe();
        let waiting = async {
            let slower = self.slower.load(Ordering::Relaxed);
            let rest = if slower > 1 { rest.max(least) } else { rest };
            if !rest.is_zero() {
                tokio::time::sleep(rest * slower).await;
            }
            // Both senders live as long as we do.
            let _ = pause.wait_for(Option::is_none).await;
        };
        tokio::select! {
            biased;
            () = self.over() => false,
            () = waiting => true,
        }
    }

    /// Waits for what is under way; when it is time to stop, only a moment more. `None` is what did not come.
    pub async fn finished<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        tokio::select! {
            biased;
            done = &mut work => Some(done),
            () = self.over() => tokio::time::timeout(MOMENT, work).await.ok(),
        }
    }

    /// Waits until it is time to stop.
    async fn over(&self) {
        let mut stop = self.control.stop.subscribe();
        let late = async {
            match self.control.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = stop.wait_for(Option::is_some) => {}
            () = late => self.control.end(Stop::Time),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_under_strain_and_shrink_to_what_they_were() {
        let brake = Brake::new(Arc::new(Control::new(None)));
        (0..10).for_each(|_| brake.strain(true));
        assert_eq!(brake.slower.load(Ordering::Relaxed), SLOWEST);
        (0..20).for_each(|_| brake.strain(false));
        assert_eq!(brake.slower.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_node_that_is_well_does_not_wait_for_another() {
        let control = Arc::new(Control::new(Some(Duration::ZERO)));
        let (well, saving) = (Brake::new(Arc::new(Control::new(None))), Brake::new(Arc::clone(&control)));
        saving.pause(Some("it saves".into()));
        assert!(well.may_go_on(Duration::ZERO, Duration::ZERO).await);
        assert!(!saving.may_go_on(Duration::ZERO, Duration::ZERO).await, "a pause ends with the time at the latest");
        assert_eq!((saving.paused().as_deref(), control.stopped()), (Some("it saves"), Some(Stop::Time)));
    }

    #[test]
    fn the_first_reason_to_stop_stands() {
        let control = Control::new(None);
        control.end(Stop::Asked);
        control.end(Stop::Time);
        assert_eq!(control.stopped(), Some(Stop::Asked));
    }

    #[tokio::test]
    async fn what_is_under_way_is_waited_for_but_not_for_ever() {
        let brake = Brake::new(Arc::new(Control::new(None)));
        assert_eq!(brake.finished(async { 1 }).await, Some(1));
        brake.control().end(Stop::Asked);
        assert_eq!(brake.finished(async { 2 }).await, Some(2), "what comes is taken");
        assert_eq!(brake.finished(std::future::pending::<()>()).await, None);
        let late = Brake::new(Arc::new(Control::new(Some(Duration::ZERO))));
        assert_eq!(late.finished(std::future::pending::<()>()).await, None);
        assert_eq!(late.control().stopped(), Some(Stop::Time));
    }
}
