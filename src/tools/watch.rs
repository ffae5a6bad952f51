//! Whoever waits for a tool: hears how far it is, and may ask it to come to an end.

use std::sync::Arc;

use tokio::sync::watch;

/// How far a tool is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    pub done: f64,
    pub total: Option<f64>,
    /// What was found so far, in a line.
    pub says: String,
}

/// The line between a tool and its caller. Clones are ends of the same line.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    progress: Arc<watch::Sender<Progress>>,
    stop: Arc<watch::Sender<bool>>,
}

impl Watch {
    pub fn tell(&self, progress: Progress) {
        self.progress.send_replace(progress);
    }

    /// What is told from now on.
    pub fn hear(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Asks for what there is so far.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until somebody wants it to end.
    pub async fn stopped(&self) {
        // The sender lives as long as we do.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }
}
