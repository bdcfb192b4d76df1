//! Where a process stands among the others: its parent, its group, its session.
//!
//! Numbers as the system counts them, and 0 is one of them: a group or a session whose leader lives outside of this
//! container has no number here. The wrappers that promise a number other than 0 cannot say that.

/// The number of a process, a group or a session; 0 for one that cannot be named from here.
type Number = i32;

/// Where one process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub parent: Number,
    pub group: Number,
    pub session: Number,
}

/// Where this process stands.
pub(super) fn own() -> Option<Place> {
    of(rustix::process::getpid().as_raw_nonzero().get())
}

/// Where another process stands, if the system tells.
#[cfg(target_os = "linux")]
pub(super) fn of(pid: Number) -> Option<Place> {
    parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Where another process stands, if the system tells. The parent of another one is not asked for: one step up has to
/// do.
#[cfg(not(target_os = "linux"))]
pub(super) fn of(pid: Number) -> Option<Place> {
    use rustix::process::{Pid, getpgid, getpid, getppid, getsid};
    let pid = Pid::from_raw(pid)?;
    let parent = if pid == getpid() { getppid().map_or(0, |p| p.as_raw_nonzero().get()) } else { 0 };
    let number = |p: Pid| p.as_raw_nonzero().get();
    Some(Place { parent, group: number(getpgid(Some(pid)).ok()?), session: number(getsid(Some(pid)).ok()?) })
}

/// A line of `/proc/PID/stat`: `PID (name) state parent group session …`.
#[cfg(any(target_os = "linux", test))]
fn parse(stat: &str) -> Option<Place> {
    // The name may hold anything, brackets and blanks too.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut numbers = rest.split_whitespace().skip(1).map(|n| n.parse().ok());
    Some(Place { parent: numbers.next()??, group: numbers.next()??, session: numbers.next()?? })
}

/// Whether an ancestor is of the same session but of another group.
pub(super) fn somebody_else_above(own: Place, of: impl Fn(Number) -> Option<Place>) -> bool {
    let mut parent = own.parent;
    while let Some(place) = (parent > 0).then(|| of(parent)).flatten() {
        if place.session != own.session {
            return false;
        }
        if place.group != own.group {
            return true;
        }
        parent = place.parent;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(parent: Number, group: Number, session: Number) -> Place {
        Place { parent, group, session }
    }

    #[test]
    fn a_name_may_hold_brackets() {
        assert_eq!(parse("12 (a) b (c)) S 5 6 7 34816 12 4194304"), Some(place(5, 6, 7)));
        assert_eq!(parse("12 (x) S 0 0 0 0 -1"), Some(place(0, 0, 0)));
        assert_eq!(parse("12 (x) S 5"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn this_process_has_a_place() {
        assert!(own().is_some());
        assert_eq!(of(Number::MAX), None);
    }

    #[test]
    fn a_shell_is_above_in_the_same_session_and_another_group() {
        let shell = |pid| (pid == 5).then_some(place(1, 5, 5));
        assert!(somebody_else_above(place(5, 9, 5), shell));
        // Through a wrapper in the same group.
        let wrapped = |pid| if pid == 9 { Some(place(5, 9, 5)) } else { shell(pid) };
        assert!(somebody_else_above(place(9, 9, 5), wrapped));
    }

    #[test]
    fn without_a_shell_nobody_is_above() {
        // The first of its session: what started it is of another one, here one that has no number.
        assert!(!somebody_else_above(place(5, 9, 9), |_| Some(place(1, 0, 0))));
        // Nobody at all is seen from inside of a container.
        assert!(!somebody_else_above(place(0, 0, 0), |_| None));
        assert!(!somebody_else_above(place(5, 9, 9), |_| None));
    }
}
