//! The time of a moment ago, for a few nanoseconds: a clock that the kernel moves on with its ticks.
//!
//! Reading the exact time costs 20 to 30 ns, a fifth of a call between two actors, to make a deadline of which nobody
//! asks whether it is met to the millisecond. The coarse clock is the exact one as it was at the last tick.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::Instant;

use super::now;

/// A deadline that is so far from what the coarse clock says is of a time that was paused.
const ODD: Duration = Duration::from_millis(100);

/// From here on a limit may be met some milliseconds late.
pub const COARSE: Duration = Duration::from_secs(1);

/// Reads the time for deadlines.
///
/// tokio's time can be paused, on runtimes of one thread, and the kernel's cannot. One that is paused from the beginning is
/// found out by looking twice; one that is paused later by [`agrees`](Self::agrees). From then on every time is exact.
#[derive(Debug)]
pub struct Coarse {
    exact: AtomicBool,
}

impl Coarse {
    /// The time of a runtime; to be called on a thread of it.
    pub fn of(runtime: &Handle) -> Coarse {
        let steady = runtime.runtime_flavor() == RuntimeFlavor::MultiThread || runs();
        Coarse { exact: AtomicBool::new(!steady || kernel::read().is_none()) }
    }

    /// Two times between which it is now: never after the first one, and before the second one as long as the kernel gets
    /// its ticks.
    #[inline]
    pub fn between(&self) -> (Instant, Instant) {
        if !self.exact.load(Ordering::Relaxed)
            && let Some((at, lag)) = kernel::read()
        {
            return (at, at + lag);
        }
        let now = now();
        (now, now)
    }

    /// The first moment that is certainly so much later than now.
    #[inline(always)]
    pub fn after(&self, duration: Duration) -> Option<Instant> {
        if !self.exact.load(Ordering::Relaxed)
            && let Some(at) = kernel::after(duration)
        {
            return Some(at);
        }
        now().checked_add(duration)
    }

    /// The moment so many microseconds from now; where that is a second or more, up to some milliseconds later.
    #[inline]
    pub fn after_us(&self, us: u64) -> Option<Instant> {
        let duration = Duration::from_micros(us);
        if duration >= COARSE { self.after(duration) } else { now().checked_add(duration) }
    }

    /// Whether a time has come. Exact, but for the ticks that the kernel did not get.
    #[inline]
    pub fn is_past(&self, at: Instant) -> bool {
        let (earliest, latest) = self.between();
        at <= latest && (at <= earliest || at <= now())
    }

    /// Whether the time of this thread is that of the coarse clock.
    ///
    /// # Errors
    /// The exact time, if it is not.
    pub fn agrees(&self) -> Result<(), Instant> {
        if self.exact.load(Ordering::Relaxed) {
            return Ok(());
        }
        let (now, (earliest, latest)) = (now(), self.between());
        if now + ODD >= earliest && now <= latest + ODD {
            return Ok(());
        }
        self.exact.store(true, Ordering::Relaxed);
        Err(now)
    }
}

/// Whether the time of this thread goes on.
fn runs() -> bool {
    let before = now();
    #[expect(clippy::disallowed_methods, reason = "the real one, to compare")]
    let real = std::time::Instant::now;
    let start = real();
    while start.elapsed() < Duration::from_micros(2) {
        std::hint::spin_loop();
    }
    let after = now();
    after > before && after.into_std() <= real() && after.into_std() >= start
}

// miri knows no such clock.
#[cfg(all(target_os = "linux", not(miri)))]
mod kernel {
    use std::sync::OnceLock;
    use std::time::Duration;

    use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};
    use tokio::time::Instant;

    /// A time on both clocks, and for how long the coarse one stands still.
    struct Base {
        at: Instant,
        nanos: u64,
        lag: Duration,
    }

    // The process has one such clock.
    static BASE: OnceLock<Option<Base>> = OnceLock::new();

    /// A clock that stands still for longer is of no use.
    const LAG_MAX: Duration = Duration::from_millis(20);

    fn nanos(time: Timespec) -> u64 {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
    }

    #[cold]
    fn base() -> Option<Base> {
        let tick = Duration::from_nanos(nanos(clock_getres(ClockId::MonotonicCoarse)));
        // The standard library's clock is this one.
        let nanos = nanos(clock_gettime(ClockId::Monotonic));
        #[expect(
            clippy::disallowed_methods,
            reason = "the real one, whatever the runtime of this thread has paused"
        )]
        let at = Instant::from_std(std::time::Instant::now());
        // A tick, and another for what is late.
        (tick * 2 <= LAG_MAX).then_some(Base { at, nanos, lag: tick * 2 })
    }

    /// A beginning, and how long ago it was at the last tick.
    #[inline]
    fn ticked() -> Option<(&'static Base, Duration)> {
        let base = BASE.get_or_init(base).as_ref()?;
        let since = nanos(clock_gettime(ClockId::MonotonicCoarse)).saturating_sub(base.nanos);
        Some((base, Duration::from_nanos(since)))
    }

    /// The time at the next tick, and so much later; `None` where the clock does not reach.
    #[inline(always)]
    pub(super) fn after(duration: Duration) -> Option<Instant> {
        let (base, since) = ticked()?;
        base.at.checked_add((since + base.lag).checked_add(duration)?)
    }

    /// The time at the last tick, and for how long it may be that.
    #[inline]
    pub(super) fn read() -> Option<(Instant, Duration)> {
        let (base, since) = ticked()?;
        Some((base.at + since, base.lag))
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
mod kernel {
    use std::time::Duration;

    use tokio::time::Instant;

    pub(super) fn read() -> Option<(Instant, Duration)> {
        None
    }

    pub(super) fn after(_: Duration) -> Option<Instant> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_now_between_the_two_times() {
        let coarse = Coarse::of(&Handle::current());
        let until = now() + Duration::from_millis(50);
        let mut before = now();
        while before < until {
            let (earliest, latest) = coarse.between();
            let after = now();
            assert!(earliest <= after, "{:?} ahead", earliest - after);
            // A second, should the kernel not come to its ticks.
            assert!(before <= latest + Duration::from_secs(1), "{:?} behind", before - latest);
            before = after;
        }
    }

    #[tokio::test]
    async fn what_is_past_is_past() {
        let coarse = Coarse::of(&Handle::current());
        assert!(coarse.is_past(now()));
        assert!(!coarse.is_past(now() + Duration::from_secs(60)));
        assert!(
            coarse.after(Duration::from_secs(60)).is_some_and(|at| at >= now() + Duration::from_secs(59))
        );
        assert_eq!(coarse.after(Duration::MAX), None, "the clock does not reach so far");
    }

    #[tokio::test(start_paused = true)]
    async fn a_time_that_is_paused_is_exact() {
        let coarse = Coarse::of(&Handle::current());
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(coarse.between(), (now(), now()));
    }

    #[tokio::test]
    async fn a_time_that_is_paused_later_is_found_out() {
        let coarse = Coarse::of(&Handle::current());
        assert_eq!(coarse.agrees(), Ok(()));
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(coarse.agrees(), Err(now()));
        assert_eq!(coarse.between(), (now(), now()));
    }
}
