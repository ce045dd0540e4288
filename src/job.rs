//! Long work on its own thread: progress, cancel, one outcome.
//!
//! A job reports progress and notices a cancel in the same call, so a loop that shows progress
//! can be stopped. Dropping the handle asks the work to stop. This file knows no window: whoever
//! starts the job gives it a `Wake`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// Called from a worker thread when something may be worth looking at.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A wake-up call nobody listens to.
pub fn no_wake() -> Wake {
    Arc::new(|| {})
}

/// The work was asked to stop. An outcome, not a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

pub enum Outcome<T> {
    Done(T),
    Cancelled,
    Failed(anyhow::Error),
}

/// A snapshot of how far a job is.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    pub stage: String,
    /// Figures of the moment, such as a loss; empty if there are none.
    pub note: String,
    pub done: u64,
    /// 0 while unknown.
    pub total: u64,
    pub elapsed_secs: f64,
}

impl Progress {
    pub fn fraction(&self) -> Option<f32> {
        (self.total > 0).then(|| self.done as f32 / self.total as f32)
    }

    /// Time left in seconds by linear extrapolation, once some work is done.
    pub fn left_secs(&self) -> Option<f64> {
        (self.done > 0 && self.total >= self.done)
            .then(|| self.elapsed_secs / self.done as f64 * (self.total - self.done) as f64)
    }
}

struct Shared {
    stop: AtomicBool,
    done: AtomicU64,
    total: AtomicU64,
    stage: Mutex<(String, Instant)>,
    note: Mutex<String>,
    wake: Wake,
}

/// What a job's work sees of its owner.
#[derive(Clone)]
pub struct JobCtx(Arc<Shared>);

impl JobCtx {
    /// A context for callers that run the work on their own thread and never cancel it.
    pub fn detached() -> Self {
        Self::with_wake(no_wake())
    }

    pub fn with_wake(wake: Wake) -> Self {
        Self(Arc::new(Shared {
            stop: AtomicBool::new(false),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            stage: Mutex::new((String::new(), Instant::now())),
            note: Mutex::default(),
            wake,
        }))
    }

    /// Names what is going on now and starts its progress over.
    pub fn stage(&self, name: &str) {
        *self.0.stage.lock().unwrap_or_else(PoisonError::into_inner) = (name.to_owned(), Instant::now());
        self.0.done.store(0, Ordering::Relaxed);
        self.0.total.store(0, Ordering::Relaxed);
        self.note("");
        (self.0.wake)();
    }

    /// Says something beside the progress; the next stage takes it away.
    pub fn note(&self, text: &str) {
        text.clone_into(&mut self.0.note.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Reports progress and, in the same breath, notices a cancel.
    pub fn step(&self, done: u64, total: u64) -> Result<(), Cancelled> {
        self.0.done.store(done, Ordering::Relaxed);
        self.0.total.store(total, Ordering::Relaxed);
        (self.0.wake)();
        self.check()
    }

    pub fn check(&self) -> Result<(), Cancelled> {
        if self.0.stop.load(Ordering::Relaxed) { Err(Cancelled) } else { Ok(()) }
    }

    /// Waits, unless it is cancelled meanwhile.
    pub fn rest(&self, length: Duration) -> Result<(), Cancelled> {
        let end = Instant::now() + length;
        while Instant::now() < end {
            self.check()?;
            std::thread::sleep(Duration::from_millis(10));
        }
        self.check()
    }

    pub fn cancel(&self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }

    pub fn progress(&self) -> Progress {
        let (stage, since) = self.0.stage.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Progress {
            stage,
            note: self.0.note.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            done: self.0.done.load(Ordering::Relaxed),
            total: self.0.total.load(Ordering::Relaxed),
            elapsed_secs: since.elapsed().as_secs_f64(),
        }
    }
}

/// Work on its own thread. Dropping the handle asks the work to stop.
pub struct Job<T> {
    ctx: JobCtx,
    outcome: mpsc::Receiver<Outcome<T>>,
}

impl<T: Send + 'static> Job<T> {
    /// Starts `work` on a thread called `name`. A panic in it becomes `Outcome::Failed`.
    pub fn spawn<F>(name: &str, wake: Wake, work: F) -> Self
    where
        F: FnOnce(&JobCtx) -> anyhow::Result<T> + Send + 'static,
    {
        let ctx = JobCtx::with_wake(wake);
        let (sender, outcome) = mpsc::channel();
        let inner = ctx.clone();
        let spawned = std::thread::Builder::new().name(format!("job {name}")).spawn({
            let sender = sender.clone();
            move || {
                let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&inner)));
                let outcome = match result {
                    Ok(Ok(value)) => Outcome::Done(value),
                    Ok(Err(_)) if inner.check().is_err() => Outcome::Cancelled,
                    Ok(Err(error)) => Outcome::Failed(error),
                    Err(panic) => Outcome::Failed(anyhow::anyhow!("internal error: {}", panic_text(&*panic))),
                };
                let _ = sender.send(outcome); // the owner may be gone
                (inner.0.wake)();
            }
        });
        if let Err(error) = spawned {
            let _ = sender.send(Outcome::Failed(error.into()));
        }
        Self { ctx, outcome }
    }

    /// The outcome, once.
    pub fn poll(&self) -> Option<Outcome<T>> {
        self.outcome.try_recv().ok()
    }

    /// Blocks until the work ends. For the command line and tests.
    pub fn wait(self) -> Outcome<T> {
        self.outcome.recv().unwrap_or(Outcome::Cancelled)
    }

    pub fn cancel(&self) {
        self.ctx.cancel();
    }

    pub fn progress(&self) -> Progress {
        self.ctx.progress()
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        self.ctx.cancel();
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelling_is_an_outcome_and_not_a_failure() {
        let job: Job<()> = Job::spawn("test", no_wake(), |ctx| {
            for i in 0.. {
                ctx.step(i, 0)?;
                std::thread::yield_now();
            }
            Ok(())
        });
        job.cancel();
        assert!(matches!(job.wait(), Outcome::Cancelled));
    }

    #[test]
    fn a_panic_becomes_a_failure() {
        let job: Job<()> = Job::spawn("test", no_wake(), |_| panic!("boom"));
        assert!(matches!(job.wait(), Outcome::Failed(error) if error.to_string().contains("boom")));
    }
}
