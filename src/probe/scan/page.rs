//! A page of questions: all that a scan sends, and nothing but declared questions fits on one.

use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisResult, Value};

use crate::probe::key_question::{KeyName, KeyQuestion, ScanStep};

/// Questions that go out in one round trip.
pub struct Page {
    pipeline: Pipeline,
    questions: u64,
    hits: u64,
}

impl Page {
    pub fn with_room_for(questions: usize) -> Self {
        let mut pipeline = Pipeline::with_capacity(questions);
        // One denied question must not take the others with it.
        pipeline.ignore_errors();
        Self { pipeline, questions: 0, hits: 0 }
    }

    pub fn scan(&mut self, step: ScanStep) {
        self.pipeline.cmd("SCAN").arg(step.cursor).arg("COUNT").arg(step.count);
        self.questions += 1;
    }

    pub fn slot_keys(&mut self, slot: u16) {
        self.pipeline.cmd("CLUSTER").arg("COUNTKEYSINSLOT").arg(slot);
        self.questions += 1;
    }

    pub fn key(&mut self, question: KeyQuestion, name: &KeyName) {
        let (before, after) = question.words();
        let Some((command, before)) = before.split_first() else { return };
        self.pipeline.cmd(command);
        for word in before {
            self.pipeline.arg(*word);
        }
        self.pipeline.arg(name.bytes());
        for word in after {
            self.pipeline.arg(*word);
        }
        self.questions += 1;
        self.hits += u64::from(question.counts_as_hit());
    }

    pub fn questions(&self) -> u64 {
        self.questions
    }

    /// Questions that the server counts in `keyspace_hits`.
    pub fn hits(&self) -> u64 {
        self.hits
    }

    /// One answer for each question, in their order.
    pub async fn send(&self, connection: &mut MultiplexedConnection) -> RedisResult<Vec<Value>> {
        self.pipeline.query_async(connection).await
    }
}
