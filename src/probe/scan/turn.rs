//! Who reads politely waits for its turn on the processor too: a server, and its clients, may be on the same host.

/// While it lives, the scheduler takes this thread for one that does not mind to wait (`SCHED_BATCH`, sched(7)): it keeps its
/// fair share of the time, and its waking up interrupts nobody. Only on Linux, and only where nobody chose another policy or
/// niceness for us.
#[derive(Debug)]
pub struct Turn {
    thread: std::thread::ThreadId,
}

impl Turn {
    pub fn wait() -> Option<Self> {
        policy::begin().then(|| Self { thread: std::thread::current().id() })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // What another thread was told is not ours to take back.
        if std::thread::current().id() == self.thread {
            policy::end();
        }
    }
}

#[cfg(target_os = "linux")]
mod policy {
    use std::cell::Cell;

    use thread_priority::unix::{
        NormalThreadSchedulePolicy as Policy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
        thread_schedule_policy,
    };
    use thread_priority::{ThreadPriority, ThreadPriorityValue};

    /// The library sets the niceness with the policy: of its scale from 0 to 99 this is a niceness of 0.
    const NOT_NICE: u8 = 47;

    thread_local! {
        /// Scans of this thread that wait for their turn.
        static WAITING: Cell<u32> = const { Cell::new(0) };
    }

    /// Whether the thread waits now because of us.
    pub fn begin() -> bool {
        let waiting = WAITING.get();
        let ours = waiting > 0 || usual() && change(Policy::Batch);
        if ours {
            WAITING.set(waiting + 1);
        }
        ours
    }

    fn usual() -> bool {
        let policy = thread_schedule_policy();
        policy == Ok(ThreadSchedulePolicy::Normal(Policy::Other)) && rustix::process::getpriority_process(None) == Ok(0)
    }

    pub fn end() {
        WAITING.set(WAITING.get().saturating_sub(1));
        if WAITING.get() == 0 {
            change(Policy::Other);
        }
    }

    fn change(policy: Policy) -> bool {
        let Ok(nice) = ThreadPriorityValue::try_from(NOT_NICE) else { return false };
        let policy = ThreadSchedulePolicy::Normal(policy);
        set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Crossplatform(nice), policy).is_ok()
    }

    #[cfg(test)]
    mod tests {
        use super::super::Turn;
        use super::*;

        #[test]
        fn a_thread_waits_for_as_long_as_one_of_its_scans_does() {
            let is = |policy| thread_schedule_policy() == Ok(ThreadSchedulePolicy::Normal(policy));
            assert!(is(Policy::Other));
            let nice = rustix::process::getpriority_process(None);
            let one = Turn::wait();
            let other = Turn::wait();
            assert!(is(Policy::Batch));
            drop(one);
            assert!(is(Policy::Batch), "the other still reads");
            drop(other);
            assert!(is(Policy::Other));
            assert_eq!(rustix::process::getpriority_process(None), nice);
        }

        #[test]
        fn a_policy_that_somebody_chose_stays() {
            assert!(change(Policy::Idle));
            assert!(Turn::wait().is_none());
            assert_eq!(thread_schedule_policy(), Ok(ThreadSchedulePolicy::Normal(Policy::Idle)));
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod policy {
    pub fn begin() -> bool {
        false
    }

    pub fn end() {}
}
