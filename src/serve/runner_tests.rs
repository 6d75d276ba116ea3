use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use chrono_tz::Tz;

use super::*;
use crate::config::cron::CronExpression;
use crate::config::{CatchUp, ScheduleConfig, ServeConfig};
use crate::serve::door::{Door, Shape};
use crate::serve::host::{Remembered, Work};
use crate::serve::page_port::{PageAnswer, PageContent, PageRequest, PageStatus, Pages};
use crate::serve::schedule::LastRun;
use crate::serve::state::Phase;

/// The only time there is in a test: it passes when the test says so, and its wall clock can be set.
struct TestTime {
    base: Mutex<Instant>,
    elapsed: watch::Sender<Duration>,
}

impl TestTime {
    fn at(text: &str) -> Self {
        Self { base: Mutex::new(text.parse().expect("an instant")), elapsed: watch::channel(Duration::ZERO).0 }
    }

    fn set(&self, by: TimeDelta) {
        let mut base = self.base.lock().unwrap_or_else(PoisonError::into_inner);
        *base += by;
    }
}

impl Clock for TestTime {
    fn now(&self) -> Instant {
        *self.base.lock().unwrap_or_else(PoisonError::into_inner)
            + TimeDelta::from_std(self.monotonic()).expect("a short test")
    }

    fn monotonic(&self) -> Duration {
        *self.elapsed.borrow()
    }
}

impl Timer for TestTime {
    fn pause(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let until = self.monotonic() + time;
        let mut elapsed = self.elapsed.subscribe();
        Box::pin(async move {
            // The test's time ends with the test.
            drop(elapsed.wait_for(|now| *now >= until).await);
        })
    }
}

/// What the scans of the test do: how long they take in the test's time, and how they end.
#[derive(Debug, Default)]
struct Plan {
    /// Exit codes in order; `0` where there is none left. `None` panics.
    ends: VecDeque<Option<u8>>,
    /// Each scan waits until it is told to go on.
    holds: bool,
    /// What was scanned.
    scanned: Vec<Vec<String>>,
    stopped: u32,
}

struct TestHost {
    plan: Arc<Mutex<Plan>>,
    go: watch::Sender<u32>,
    next: Mutex<VecDeque<Result<ServeConfig, String>>>,
    notes: Mutex<Vec<String>>,
}

struct TestWork {
    settings: ServeConfig,
    plan: Arc<Mutex<Plan>>,
    go: watch::Receiver<u32>,
}

struct NoPages;

impl Pages for NoPages {
    fn answer(&self, _: &PageRequest) -> PageAnswer {
        PageAnswer { status: PageStatus::NotFound, content: PageContent::Html, body: Vec::new() }
    }
}

impl Work for TestWork {
    fn settings(&self) -> &ServeConfig {
        &self.settings
    }
    fn digest(&self) -> &'static str {
        "digest"
    }
    fn seed(&self) -> &'static str {
        "seed"
    }
    fn systems(&self) -> Vec<SystemId> {
        vec![SystemId::new("crm"), SystemId::new("hr"), SystemId::new("wiki")]
    }
    fn deadline(&self) -> Duration {
        Duration::from_hours(3)
    }
    fn door(&self) -> Arc<Door> {
        Arc::new(Door { shape: Shape::of(&self.settings), names: Vec::new(), bearer: None, tls: None })
    }
    fn pages(&self) -> Arc<dyn Pages> {
        Arc::new(NoPages)
    }
    fn scan(&self, systems: &[SystemId], mut stop: watch::Receiver<bool>, _: Arc<dyn Progress>) -> Ended {
        let (holds, number, end) = {
            let mut plan = self.plan.lock().unwrap();
            plan.scanned.push(systems.iter().map(|id| id.as_str().to_owned()).collect());
            (plan.holds, u32::try_from(plan.scanned.len()).unwrap(), plan.ends.pop_front().unwrap_or(Some(0)))
        };
        if holds {
            let mut go = self.go.clone();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let stopped = runtime.block_on(async {
                tokio::select! {
                    _ = go.wait_for(|allowed| *allowed >= number) => false,
                    _ = stop.wait_for(|stop| *stop) => true,
                }
            });
            if stopped {
                self.plan.lock().unwrap().stopped += 1;
            }
        }
        let exit_code = end.expect("this scan panics on purpose");
        let at = "2026-11-27T12:00:00Z".parse().unwrap();
        Ended { exit_code, run_id: Some(format!("run-{number}")), at, failure: None, families: None }
    }
    fn families_of_death(&self, _: Instant) -> Option<crate::metrics::Families> {
        None
    }

    fn check_store(&self) -> Result<(), String> {
        Ok(())
    }
    fn remembered(&self) -> Result<Option<Remembered>, String> {
        Ok(None)
    }
    fn watched(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

impl Host for TestHost {
    fn load(&self) -> Result<Arc<dyn Work>, String> {
        let settings = self.next.lock().unwrap().pop_front().expect("a reload was expected")?;
        Ok(Arc::new(TestWork { settings, plan: Arc::clone(&self.plan), go: self.go.subscribe() }))
    }
    fn note(&self, line: &str) {
        self.notes.lock().unwrap().push(line.to_owned());
    }
}

fn entry(name: &str, cron: &str, systems: &[&str]) -> ScheduleConfig {
    ScheduleConfig {
        name: name.to_owned(),
        cron: CronExpression::parse(cron).unwrap(),
        time_zone: Tz::UTC,
        jitter: Duration::ZERO,
        systems: systems.iter().copied().map(SystemId::new).collect(),
    }
}

fn settings(schedule: Vec<ScheduleConfig>) -> ServeConfig {
    ServeConfig {
        schedule,
        catch_up: CatchUp::Once,
        listen: "127.0.0.1:0".parse().unwrap(),
        names: Vec::new(),
        tls: None,
        bearer: None,
        run_on_request: true,
        watch: None,
    }
}

struct Bench {
    host: Arc<TestHost>,
    clock: Arc<TestTime>,
    state: Arc<State>,
    stop: watch::Sender<bool>,
    reload: mpsc::Sender<()>,
    asks: mpsc::Sender<Asked>,
    task: tokio::task::JoinHandle<bool>,
}

fn begin(now: &str, settings: ServeConfig, last: Option<LastRun>, plan: Plan) -> Bench {
    let (go, _) = watch::channel(0);
    let host = Arc::new(TestHost {
        plan: Arc::new(Mutex::new(plan)),
        go,
        next: Mutex::new(VecDeque::from([Ok(settings)])),
        notes: Mutex::default(),
    });
    let work = host.load().unwrap();
    let clock = Arc::new(TestTime::at(now));
    let schedule = Schedule::begin(work.settings(), "seed", clock.now(), &|_| last);
    let state = Arc::new(State::new(work, None, clock.now(), clock.monotonic()));
    let mut runner = Runner::new(
        Arc::clone(&host) as Arc<dyn Host>,
        Arc::clone(&clock) as Arc<dyn Clock>,
        Arc::clone(&clock) as Arc<dyn Timer>,
        Arc::clone(&state),
        schedule,
    );
    let (stop, told) = watch::channel(false);
    let (reload, reloads) = mpsc::channel(1);
    let (asks, asked) = mpsc::channel(4);
    let mut signals = Signals { stop: told, reload: reloads };
    #[expect(clippy::disallowed_methods, reason = "the test owns it")]
    let task = tokio::spawn(async move {
        runner.run(asked, &mut signals).await;
        runner.stop().await
    });
    Bench { host, clock, state, stop, reload, asks, task }
}

impl Bench {
    /// Lets time pass in small steps, and each scan that begins come to its end.
    async fn pass(&self, time: Duration) {
        let until = self.clock.monotonic() + time;
        while self.clock.monotonic() < until {
            let step = until.saturating_sub(self.clock.monotonic()).min(Duration::from_secs(5));
            self.clock.elapsed.send_modify(|elapsed| *elapsed += step);
            self.settle().await;
        }
    }

    /// Until no scan that may go on is under way.
    async fn settle(&self) {
        for _ in 0..200 {
            tokio::task::yield_now().await;
            let free = !self.host.plan.lock().unwrap().holds;
            if !(free && self.state.facts().running.is_some()) {
                break;
            }
            std::thread::yield_now();
        }
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
    }

    /// Waits in real time for something that a scan's thread does.
    async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let begin = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        while !holds(self) {
            tokio::task::yield_now().await;
            std::thread::yield_now();
            let waited = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().saturating_sub(begin);
            assert!(waited < Duration::from_secs(20), "{what}; notes: {:?}", self.host.notes.lock().unwrap());
        }
    }

    fn scanned(&self) -> Vec<Vec<String>> {
        self.host.plan.lock().unwrap().scanned.clone()
    }

    fn notes(&self) -> String {
        self.host.notes.lock().unwrap().join("\n")
    }

    fn ended(&self) -> usize {
        self.state.runs().iter().filter(|run| matches!(run.phase, Phase::Ended(_))).count()
    }

    async fn ask(&self, systems: &[&str]) -> Taken {
        let (reply, taken) = oneshot::channel();
        let systems = systems.iter().copied().map(SystemId::new).collect();
        self.asks.send(Asked { systems, reply }).await.unwrap();
        taken.await.unwrap()
    }
}

#[tokio::test]
async fn runs_come_by_the_schedule_and_nothing_comes_between() {
    let bench = begin("2026-11-27T02:00:00Z", settings(vec![entry("n", "30 2 * * *", &[])]), None, Plan::default());
    bench.pass(Duration::from_mins(29)).await;
    assert!(bench.scanned().is_empty());
    bench.pass(Duration::from_mins(2)).await;
    bench.until("one run", |bench| bench.ended() == 1).await;
    bench.pass(Duration::from_hours(3)).await;
    assert_eq!(bench.scanned(), [Vec::<String>::new()]);
}

#[tokio::test]
async fn an_overlapping_start_waits_once_and_one_more_becomes_part_of_it() {
    let schedule = vec![entry("all", "*/10 * * * *", &[]), entry("crm", "5 * * * *", &["crm"])];
    let bench = begin("2026-11-27T02:09:50Z", settings(schedule), None, Plan { holds: true, ..Plan::default() });
    bench.pass(Duration::from_secs(20)).await;
    bench.until("the first scan", |bench| bench.scanned().len() == 1).await;
    // 02:20 waits, 02:30 joins it: one run at a time, one that waits, one that is counted.
    bench.pass(Duration::from_mins(25)).await;
    assert_eq!(bench.scanned().len(), 1);
    let (figures, _) = bench.state.figures();
    assert!(figures.run_in_progress);
    assert_eq!(figures.runs_skipped, 1, "{}", bench.notes());
    assert!(bench.notes().contains("waits for its end"), "{}", bench.notes());
    assert_eq!(bench.ask(&["hr"]).await, Taken::AlreadyQueued(2));
    bench.host.go.send_replace(2);
    bench.until("the second run", |bench| bench.ended() == 2).await;
    assert_eq!(bench.scanned().len(), 2);
}

#[tokio::test]
async fn starts_of_different_systems_that_wait_together_read_both() {
    let schedule = vec![entry("crm", "0 * * * *", &["crm"]), entry("hr", "10 * * * *", &["hr"])];
    let bench = begin("2026-11-27T02:30:00Z", settings(schedule), None, Plan { holds: true, ..Plan::default() });
    assert_eq!(bench.ask(&["wiki"]).await, Taken::Queued(1));
    bench.until("the first scan", |bench| bench.scanned().len() == 1).await;
    bench.pass(Duration::from_mins(45)).await;
    bench.host.go.send_replace(9);
    bench.until("both", |bench| bench.ended() == 2).await;
    assert_eq!(bench.scanned(), [vec!["wiki"], vec!["crm", "hr"]]);
}

#[tokio::test]
async fn a_store_that_is_held_by_another_run_is_tried_again() {
    let plan = Plan { ends: VecDeque::from([Some(7), Some(7), Some(1)]), ..Plan::default() };
    let bench = begin("2026-11-27T02:29:00Z", settings(vec![entry("n", "30 2 * * *", &[])]), None, plan);
    bench.pass(Duration::from_mins(5)).await;
    bench.until("the run", |bench| bench.ended() == 1).await;
    assert_eq!(bench.scanned().len(), 3);
    let run = bench.state.run(1).unwrap();
    assert!(matches!(run.phase, Phase::Ended(Ended { exit_code: 1, .. })), "{run:?}");
}

#[tokio::test]
async fn a_scan_that_panics_is_told_and_the_next_one_runs() {
    let plan = Plan { ends: VecDeque::from([None, Some(0)]), ..Plan::default() };
    let bench = begin("2026-11-27T02:29:00Z", settings(vec![entry("n", "30 * * * *", &[])]), None, plan);
    bench.pass(Duration::from_mins(2)).await;
    bench.until("the first", |bench| bench.ended() == 1).await;
    assert!(bench.notes().contains("panicked"), "{}", bench.notes());
    // The thread that panicked ends when the machine lets it: the service may see that a while later.
    for _ in 0..60 {
        if bench.ended() == 2 {
            break;
        }
        bench.pass(Duration::from_mins(1)).await;
    }
    bench.until("the second", |bench| bench.ended() == 2).await;
}

#[tokio::test]
async fn what_a_run_without_a_report_did_not_read_is_read_by_the_next_one() {
    for (first, scanned) in [(None, Vec::new()), (Some(0), vec![String::from("crm")])] {
        let plan = Plan { ends: VecDeque::from([first, Some(0), Some(0)]), ..Plan::default() };
        let schedule = vec![entry("all", "30 2 * * *", &[]), entry("hourly", "0 * * * *", &["crm"])];
        let bench = begin("2026-11-27T02:29:00Z", settings(schedule), None, plan);
        bench.pass(Duration::from_mins(2)).await;
        bench.until("the run over all", |bench| bench.ended() == 1).await;
        bench.pass(Duration::from_mins(30)).await;
        bench.until("the hourly one", |bench| bench.ended() == 2).await;
        bench.pass(Duration::from_hours(1)).await;
        bench.until("another", |bench| bench.ended() == 3).await;
        assert_eq!(bench.scanned()[1], scanned, "{first:?}");
        assert_eq!(bench.scanned()[2], ["crm"], "{first:?}: what was owed is read by now");
    }
}

#[tokio::test]
async fn a_system_that_there_is_no_longer_is_not_owed() {
    let plan = Plan { ends: VecDeque::from([None, Some(0)]), ..Plan::default() };
    let schedule = vec![entry("gone", "30 2 * * *", &["taken-out"]), entry("hourly", "0 * * * *", &["crm"])];
    let bench = begin("2026-11-27T02:29:00Z", settings(schedule), None, plan);
    bench.pass(Duration::from_mins(2)).await;
    bench.until("the first", |bench| bench.ended() == 1).await;
    bench.pass(Duration::from_mins(30)).await;
    bench.until("the hourly one", |bench| bench.ended() == 2).await;
    assert_eq!(bench.scanned(), [["taken-out"], ["crm"]]);
}

#[tokio::test]
async fn a_missed_night_is_caught_up_at_the_start_and_a_machine_that_slept_does_the_same() {
    let last = LastRun { at: "2026-11-26T02:30:04Z".parse().unwrap(), whole: true };
    let bench =
        begin("2026-11-27T08:00:00Z", settings(vec![entry("n", "30 2 * * *", &[])]), Some(last), Plan::default());
    bench.pass(Duration::from_secs(30)).await;
    bench.until("the missed one", |bench| bench.ended() == 1).await;
    assert_eq!(bench.state.run(1).unwrap().reason, Reason::CatchUp(String::from("n")));
    bench.clock.set(TimeDelta::days(3));
    bench.pass(Duration::from_mins(1)).await;
    bench.until("one for three nights", |bench| bench.ended() == 2).await;
    assert!(bench.notes().contains("it was set, or the machine slept"), "{}", bench.notes());
    bench.pass(Duration::from_mins(30)).await;
    assert_eq!(bench.scanned().len(), 2);
}

#[tokio::test]
async fn a_refused_configuration_changes_nothing_and_a_good_one_takes_over() {
    let first = settings(vec![entry("n", "30 2 * * *", &[])]);
    let bench = begin("2026-11-27T02:00:00Z", first.clone(), None, Plan::default());
    bench.host.next.lock().unwrap().push_back(Err(String::from("holdover.yaml:3: is wrong")));
    bench.reload.send(()).await.unwrap();
    bench.until("the refusal", |bench| bench.state.reloads().refused.is_some()).await;
    assert!(!bench.state.figures().0.reload_succeeded);
    bench.pass(Duration::from_mins(31)).await;
    bench.until("the old schedule", |bench| bench.ended() == 1).await;
    let mut second = first;
    second.schedule = vec![entry("n", "0 3 * * *", &[])];
    second.listen = "127.0.0.1:9912".parse().unwrap();
    bench.host.next.lock().unwrap().push_back(Ok(second));
    bench.reload.send(()).await.unwrap();
    bench.until("the new one", |bench| bench.state.reloads().needs_restart.is_some()).await;
    assert!(bench.state.figures().0.reload_succeeded);
    assert_eq!(bench.state.door().shape.listen, "127.0.0.1:0".parse().unwrap());
    bench.pass(Duration::from_mins(31)).await;
    bench.until("the new schedule", |bench| bench.ended() == 2).await;
}

#[tokio::test]
async fn told_to_stop_a_run_that_goes_on_is_ended_in_order() {
    let bench = begin(
        "2026-11-27T02:29:50Z",
        settings(vec![entry("n", "30 2 * * *", &[])]),
        None,
        Plan { holds: true, ..Plan::default() },
    );
    bench.pass(Duration::from_secs(20)).await;
    bench.until("the scan", |bench| bench.scanned().len() == 1).await;
    bench.stop.send_replace(true);
    let plan = Arc::clone(&bench.host.plan);
    assert!(bench.task.await.unwrap());
    assert_eq!(plan.lock().unwrap().stopped, 1);
}

#[tokio::test]
async fn a_scheduler_that_stopped_looking_is_told_and_one_that_looks_is_not() {
    let bench = begin("2026-11-27T02:00:00Z", settings(vec![entry("n", "30 2 * * *", &[])]), None, Plan::default());
    bench.pass(Duration::from_mins(10)).await;
    assert_eq!(bench.state.alive(bench.clock.monotonic()), Ok(()));
    bench.task.abort();
    assert!(bench.state.alive(bench.clock.monotonic() + Duration::from_mins(2)).is_err());
}
