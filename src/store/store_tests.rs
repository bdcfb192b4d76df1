use super::*;
use crate::model::{Collection, UserChange};
use std::io::Write;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = Store::file_of(folder.path(), "flock").unwrap();
    (folder, path)
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn names_of_jobs_are_checked() {
    let data = Path::new("data");
    assert_eq!(Store::file_of(data, "Flock-2_eu").unwrap(), Path::new("data/jobs/Flock-2_eu.db"));
    for name in ["", "a/b", "..", "a.b", "ä", "a b", "a\0", &"x".repeat(65)] {
        assert!(matches!(Store::file_of(data, name), Err(StoreError::JobName { .. })), "{name:?}");
    }
}

#[test]
fn a_fresh_store_is_private_and_is_found_again() {
    let (folder, path) = folder();
    assert!(matches!(Store::open_read_only(&path), Err(StoreError::Missing { .. })));
    assert!(!path.exists(), "looking does not make a file");
    let store = Store::open(&path).unwrap();
    store.write_blocking(|c| job::set(c, "k", "v")).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_extension("db-wal")), 0o600);
    assert_eq!(mode(&folder.path().join("jobs")), 0o700);
    assert_eq!(store.path(), path);
    assert!(store.check().unwrap().is_empty());
    let again = Store::open(&path).unwrap();
    assert_eq!(again.read(|c| job::get(c, "k")).unwrap().as_deref(), Some("v"));
    drop((store, again));
    let read_only = Store::open_read_only(&path).unwrap();
    assert_eq!(read_only.read(|c| job::get(c, "k")).unwrap().as_deref(), Some("v"));
    assert!(matches!(read_only.write_blocking(|_| Ok(())), Err(StoreError::NotWritable { .. })));
    let refused = read_only.read(|c| job::set(c, "k", "w")).unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly { .. }), "{refused}");
}

#[test]
fn readers_see_commits_and_never_wait() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    let reader = store.reader().unwrap();
    let (entered, inside) = std::sync::mpsc::channel();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let writer = store.clone();
    let writing = std::thread::spawn(move || {
        writer.write_blocking(move |c| {
            job::set(c, "k", "v")?;
            entered.send(()).unwrap();
            wait.recv().unwrap();
            Ok(())
        })
    });
    inside.recv().unwrap();
    assert_eq!(job::get(&reader, "k").unwrap(), None, "not committed yet");
    go.send(()).unwrap();
    writing.join().unwrap().unwrap();
    assert_eq!(job::get(&reader, "k").unwrap().as_deref(), Some("v"));
}

#[tokio::test]
async fn writes_that_are_made_together_share_their_end() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let first = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .write_together(move |c| {
                    wait.recv().unwrap();
                    job::set(c, "first", "lost")
                })
                .await
        }
    });
    let alone = {
        let store = store.clone();
        async move { store.write(|c| job::set(c, "alone", "kept")).await }
    };
    let failing = store.write_together(|_| Err::<(), _>(StoreError::NotFound { what: "thing", id: "x".into() }));
    let later = store.write_together(|c| job::set(c, "later", "kept"));
    tokio::task::yield_now().await;
    let (failing, alone, later, ()) = tokio::join!(failing, alone, later, async { go.send(()).unwrap() });
    assert!(matches!(failing, Err(StoreError::NotFound { .. })), "{failing:?}");
    assert!(matches!(first.await.unwrap(), Err(StoreError::NotFound { .. })));
    alone.unwrap();
    later.unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(job::get(&reader, "first").unwrap(), None);
    assert_eq!(job::get(&reader, "alone").unwrap().as_deref(), Some("kept"));
    assert_eq!(job::get(&reader, "later").unwrap().as_deref(), Some("kept"));
}

#[tokio::test]
async fn a_failing_closure_takes_only_itself_back() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    // The first keeps the writer busy until the others are queued, so that all share one transaction.
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let first = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .write(move |c| {
                    wait.recv().unwrap();
                    job::set(c, "first", "1")
                })
                .await
        }
    });
    let good = |key: &'static str| {
        let store = store.clone();
        tokio::spawn(async move { store.write(move |c| job::set(c, key, "1")).await })
    };
    let before = good("before");
    let failing = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .write(|c| {
                    job::set(c, "failing", "1")?;
                    Err::<(), _>(StoreError::Aborted("changed my mind".into()))
                })
                .await
        }
    });
    let panicking = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .write(|c| {
                    job::set(c, "panicking", "1")?;
                    panic!("a bug") as Result<(), StoreError>
                })
                .await
        }
    });
    let behind = good("behind");
    // Single-threaded: the spawned tasks queue their closures while this one yields.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    before.await.unwrap().unwrap();
    behind.await.unwrap().unwrap();
    assert!(matches!(failing.await.unwrap(), Err(StoreError::Aborted(_))));
    assert!(matches!(panicking.await.unwrap(), Err(StoreError::Closed)));
    let key = |key: &str| store.read(|c| job::get(c, key)).unwrap();
    assert_eq!((key("first").is_some(), key("before").is_some(), key("behind").is_some()), (true, true, true));
    assert_eq!((key("failing"), key("panicking")), (None, None));
}

#[tokio::test]
async fn closures_run_in_the_order_of_sending_and_may_be_sent_from_a_runtime() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    let mut writes = Vec::new();
    for n in 0..50 {
        writes.push(store.write(move |c| job::set(c, "n", &n.to_string())));
    }
    futures_util::future::try_join_all(writes).await.unwrap();
    assert_eq!(store.read(|c| job::get(c, "n")).unwrap().as_deref(), Some("49"));
    // More than the queue holds: senders wait, nothing is lost.
    let many = (0..3000).map(|n| store.write(move |c| job::set(c, &format!("many {n}"), "")));
    futures_util::future::try_join_all(many).await.unwrap();
    let count = |c: &Connection| {
        Ok(c.query_row("SELECT count(*) FROM job WHERE key LIKE 'many %'", [], |r| r.get::<_, i64>(0))?)
    };
    assert_eq!(store.read(count).unwrap(), 3000_i64);
    store.write_blocking(|c| job::set(c, "n", "blocking")).unwrap();
    // Dropping the answer does not take the closure back.
    let dropped = store.clone();
    let task = tokio::spawn(async move { dropped.write(|c| job::set(c, "n", "dropped")).await });
    tokio::task::yield_now().await;
    task.abort();
    store.write(|_| Ok(())).await.unwrap();
    assert_eq!(store.read(|c| job::get(c, "n")).unwrap().as_deref(), Some("dropped"));
}

#[test]
fn the_last_handle_may_go_inside_of_a_closure() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    let inner = store.clone();
    let (done, wait) = std::sync::mpsc::channel();
    store
        .write_blocking(move |c| {
            job::set(c, "k", "v")?;
            std::thread::spawn(move || done.send(()));
            drop(inner);
            Ok(())
        })
        .unwrap();
    drop(store);
    wait.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(Store::open(&path).unwrap().read(|c| job::get(c, "k")).unwrap().as_deref(), Some("v"));
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    drop(Store::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&path).unwrap();
    for refused in [Store::open(&path).unwrap_err(), Store::open_read_only(&path).unwrap_err()] {
        let words = refused.to_string();
        assert!(words.contains("written by a newer Heeler (schema 99, this one knows 6)"), "{words}");
        assert!(words.contains("flock.db"), "{words}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn an_empty_or_older_file_is_not_for_readers() {
    let (_folder, path) = folder();
    drop(Store::open(&path).unwrap());
    std::fs::write(&path, b"").unwrap();
    assert!(matches!(Store::open_read_only(&path), Err(StoreError::Older { found: 0, .. })));
    Store::open(&path).unwrap();
}

#[test]
fn what_is_not_an_intact_database_of_ours_is_refused() {
    let (folder, path) = folder();
    let store = Store::open(&path).unwrap();
    store
        .write_blocking(|c| {
            for n in 0..2000 {
                mirror::apply_user(c, &UserChange { id: format!("{n:08}"), ..UserChange::default() }, 0)?;
            }
            Ok(())
        })
        .unwrap();
    drop(store);
    let intact = std::fs::read(&path).unwrap();

    for (damage, bytes) in [
        ("text", b"this is not a database, although it is long enough to be one".repeat(100)),
        ("short", b"SQLite format 3\0".to_vec()),
        ("cut off", intact[..intact.len() / 2].to_vec()),
        ("schema overwritten", [&intact[..100], &[0xff; 3996], &intact[4096..]].concat()),
    ] {
        std::fs::write(&path, &bytes).unwrap();
        let refused = Store::open(&path).unwrap_err();
        assert!(matches!(refused, StoreError::Damaged { .. }), "{damage}: {refused}");
        assert!(refused.to_string().contains("flock.db"), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{damage}: the evidence is left alone");
    }

    // A page in the middle: found when it is read, and by a check.
    std::fs::write(&path, &intact).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let pages = intact.len() / 4096;
    for page in pages - pages / 8..pages {
        file.write_all_at(&[0xff; 4096], (page * 4096) as u64).unwrap();
    }
    drop(file);
    let store = Store::open(&path).unwrap();
    let refused = store.read(|c| mirror::for_each_user(c, |_| Ok(()))).and_then(|()| store.check().map(drop));
    assert!(matches!(refused, Err(StoreError::Damaged { .. })) || !store.check().unwrap().is_empty());
    drop(store);

    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    assert!(matches!(Store::open(&other), Err(StoreError::Foreign { .. })));
}

#[test]
fn a_full_disk_is_told_and_costs_nothing_that_was_stored() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    store.write_blocking(|c| job::set(c, "before", "1")).unwrap();
    store
        .write_blocking(|c| {
            let pages: i64 = c.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            c.query_row(&format!("PRAGMA max_page_count = {}", pages + 4), [], |_| Ok(()))?;
            Ok(())
        })
        .unwrap();
    let refused = store.write_blocking(|c| job::set(c, "big", &"x".repeat(1 << 20))).unwrap_err();
    assert!(matches!(refused, StoreError::Full { .. }), "{refused}");
    assert!(refused.to_string().contains("flock.db"), "{refused}");
    // Small things still fit, and the writer goes on.
    store.write_blocking(|c| job::set(c, "small", "1")).unwrap();
    assert_eq!(store.read(|c| job::get(c, "big")).unwrap(), None);
    assert_eq!(store.read(|c| job::get(c, "before")).unwrap().as_deref(), Some("1"));
    assert!(store.check().unwrap().is_empty());
}

#[test]
fn a_lock_that_stays_is_told() {
    let busy = StoreError::Sql { code: rusqlite::ffi::SQLITE_BUSY, message: "database is locked".into() };
    assert!(matches!(busy.at(Path::new("a.db")), StoreError::Busy { .. }));
    let stale = StoreError::Sql { code: rusqlite::ffi::SQLITE_BUSY_SNAPSHOT, message: String::new() };
    assert!(matches!(stale.at(Path::new("a.db")), StoreError::Busy { .. }));
    let read = StoreError::Sql { code: rusqlite::ffi::SQLITE_IOERR_READ, message: "disk I/O error".into() };
    assert!(matches!(read.at(Path::new("a.db")), StoreError::Io { .. }));
    let other = StoreError::Sql { code: rusqlite::ffi::SQLITE_CONSTRAINT, message: "UNIQUE".into() };
    assert!(matches!(other.at(Path::new("a.db")), StoreError::Sql { .. }));
    for (errno, full) in [(libc::EROFS, false), (libc::EACCES, false), (libc::ENOSPC, true), (libc::EDQUOT, true)] {
        let error = StoreError::io("open", Path::new("a.db"), &std::io::Error::from_raw_os_error(errno));
        assert!(
            matches!((&error, full), (StoreError::Full { .. }, true) | (StoreError::ReadOnly { .. }, false)),
            "{error}"
        );
    }
}

/// Set for the tests that run this program a second time.
const CHILD: &str = "HEELER_STORE_TEST_FILE";

fn child(test: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("store::tests::{test}"), "--nocapture", "--test-threads=1"]);
    command.env(CHILD, path).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

#[test]
fn a_read_only_folder_is_told_and_can_be_read() {
    use std::os::unix::process::CommandExt;
    if let Some(path) = std::env::var_os(CHILD).map(PathBuf::from) {
        let refused = Store::open(&path).unwrap_err();
        assert!(matches!(refused, StoreError::ReadOnly { .. }), "{refused}");
        assert!(refused.to_string().contains("--data-dir"), "{refused}");
        let missing = path.with_file_name("missing.db");
        assert!(matches!(Store::open(&missing), Err(StoreError::ReadOnly { .. })));
        let fresh = path.with_file_name("new").join("missing.db");
        assert!(matches!(Store::open(&fresh), Err(StoreError::ReadOnly { .. })));
        let store = Store::open_read_only(&path).unwrap();
        assert_eq!(store.read(|c| job::get(c, "k")).unwrap().as_deref(), Some("v"));
        return;
    }
    let (folder, path) = folder();
    Store::open(&path).unwrap().write_blocking(|c| job::set(c, "k", "v")).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o444)).unwrap();
    let jobs = folder.path().join("jobs");
    std::fs::set_permissions(&jobs, PermissionsExt::from_mode(0o555)).unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    // Rights do not bind root, so there the check runs as nobody, from a copy that nobody may execute.
    let mut command = child("a_read_only_folder_is_told_and_can_be_read", &path);
    if rustix::process::geteuid().is_root() {
        let copy = folder.path().join("copy");
        std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        std::fs::set_permissions(&copy, PermissionsExt::from_mode(0o755)).unwrap();
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        command = Command::new(copy);
        command.args(arguments).env(CHILD, &path).current_dir("/").uid(65_534).gid(65_534);
    }
    let output = command.output().unwrap();
    std::fs::set_permissions(&jobs, PermissionsExt::from_mode(0o755)).unwrap();
    let words = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{words}");
    assert!(words.contains("1 passed"), "the child ran nothing: {words}");
}

#[test]
fn a_kill_at_any_moment_leaves_whole_steps() {
    if let Some(path) = std::env::var_os(CHILD).map(PathBuf::from) {
        // Each step writes to two families; writes for ever, until killed.
        let store = Store::open(&path).unwrap();
        for n in 0_u64.. {
            store
                .write_blocking(move |c| {
                    job::set(c, "step", &n.to_string())?;
                    mirror::apply_user(c, &UserChange { id: format!("{n:08}"), ..UserChange::default() }, 0)?;
                    watermarks::put(c, Collection::Users, &n.to_string())
                })
                .unwrap();
            // The number is told only after the commit: it must survive.
            std::fs::OpenOptions::new().write(true).open("/dev/stderr").unwrap().write_all(&n.to_be_bytes()).unwrap();
        }
    }
    let (_folder, path) = folder();
    let mut most = 0;
    for run in 1..=5_u64 {
        let mut process = child("a_kill_at_any_moment_leaves_whole_steps", &path).spawn().unwrap();
        let mut told = process.stderr.take().unwrap();
        let mut bytes = [0; 8];
        let begun = Instant::now();
        for _ in 0..run * 17 {
            std::io::Read::read_exact(&mut told, &mut bytes).unwrap();
            assert!(begun.elapsed() < Duration::from_secs(60));
        }
        process.kill().unwrap();
        process.wait().unwrap();
        // What was told between the last reading and the kill counts as well.
        while std::io::Read::read_exact(&mut told, &mut bytes).is_ok() {}
        let last = u64::from_be_bytes(bytes);

        let store = Store::open(&path).unwrap();
        assert!(store.check().unwrap().is_empty());
        let (step, mark, users) = store
            .read(|c| {
                let step: u64 = job::get(c, "step")?.unwrap().parse().unwrap();
                Ok((step, watermarks::get(c, Collection::Users)?.unwrap(), mirror::counts(c)?.0))
            })
            .unwrap();
        assert!(step >= last, "step {last} was told to be stored, {step} is");
        assert_eq!(mark, step.to_string());
        // Every run begins at 0: the longest one so far has made the most users.
        most = most.max(step + 1);
        assert_eq!(users, most, "after step {step}");
    }
}

#[test]
fn two_processes_may_open_and_write_at_once() {
    let (_folder, path) = folder();
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let path = path.clone();
            std::thread::spawn(move || {
                let store = Store::open(&path).unwrap();
                for m in 0..25 {
                    store.write_blocking(move |c| job::set(c, &format!("{n}-{m}"), "1")).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|t| t.join().unwrap());
    let store = Store::open(&path).unwrap();
    let count: i64 = store.read(|c| Ok(c.query_row("SELECT count(*) FROM job", [], |r| r.get(0))?)).unwrap();
    assert_eq!(count, 100);
}
