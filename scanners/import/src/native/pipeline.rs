//! Chunks in order, read on as many threads as there are.
//!
//! Chunks are cut by the file alone, so what comes out is the same for any number of threads.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use scan_contract::Cause;

use super::chunk::Chunker;
use super::parse::{Chunk, Parsed, parse};
use super::scopes::ScopeTable;

/// A chunk, and where its result goes.
type Job = (Chunk, SyncSender<Parsed>);

/// More threads than this do not help: reading the file is the limit then.
const THREADS: usize = 16;

/// Reads `first` and every chunk after it, and hands each result on in order.
pub(super) fn run(
    first: Chunk,
    chunker: &mut Chunker,
    scopes: &Arc<ScopeTable>,
    threads: usize,
    mut take: impl FnMut(Parsed) -> Result<(), Cause>,
) -> Result<(), Cause> {
    let path: Arc<str> = Arc::from(chunker.path());
    let line_bytes = first.line_bytes;
    let mut next = Some(first);
    let mut following = || {
        next.take().or_else(|| {
            let bytes = chunker.next();
            (!bytes.is_empty()).then_some(Chunk { bytes, from: 0, line_bytes })
        })
    };
    let threads = threads.clamp(1, THREADS);
    if threads == 1 {
        while let Some(chunk) = following() {
            take(parse(chunk, scopes, &path))?;
        }
        return Ok(());
    }
    std::thread::scope(|scope| {
        let (jobs, waiting) = sync_channel::<Job>(threads);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..threads {
            let (waiting, scopes, path) = (Arc::clone(&waiting), Arc::clone(scopes), Arc::clone(&path));
            scope.spawn(move || work(&waiting, &scopes, &path));
        }
        drop(waiting);
        let mut results: VecDeque<Receiver<Parsed>> = VecDeque::new();
        let defect = || Cause::Bug { what: String::from("a thread that reads native records ended early") };
        while let Some(chunk) = following() {
            let (result, receiver) = sync_channel(1);
            jobs.send((chunk, result)).map_err(|_| defect())?;
            results.push_back(receiver);
            // One chunk a thread is being read, one a thread waits: memory is bounded.
            if results.len() >= 2 * threads
                && let Some(oldest) = results.pop_front()
            {
                take(oldest.recv().map_err(|_| defect())?)?;
            }
        }
        for oldest in results {
            take(oldest.recv().map_err(|_| defect())?)?;
        }
        Ok(())
    })
}

fn work(waiting: &Mutex<Receiver<Job>>, scopes: &Arc<ScopeTable>, path: &Arc<str>) {
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((chunk, result)) = job else { return };
        // Nobody waits any more if the walk was stopped.
        if result.send(parse(chunk, scopes, path)).is_err() {
            return;
        }
    }
}
