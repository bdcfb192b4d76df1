//! Secrets that are there, and every way in which they are not.

use super::*;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, symlink};

const NONE: Env<'static> = &|_| None;

fn file(bytes: &[u8], mode: u32) -> (tempfile::TempDir, SecretRef) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    (dir, SecretRef::File(path))
}

fn command(script: &str) -> SecretRef {
    SecretRef::Command(vec!["sh".into(), "-c".into(), script.into()])
}

#[test]
fn a_variable_is_read_and_a_missing_one_is_named() {
    let env: Env<'_> = &|name| (name == "TOKEN").then(|| "hunter22".into());
    assert_eq!(SecretRef::Env("TOKEN".into()).read(Path::new("/"), env).unwrap().expose(), "hunter22");
    let error = SecretRef::Env("OTHER".into()).read(Path::new("/"), env).unwrap_err();
    assert!(error.to_string().contains("OTHER is not set"), "{error}");
}

#[test]
fn a_private_file_is_read_without_its_line_end() {
    for mode in [0o600, 0o400] {
        let (_dir, reference) = file(b"hunter22\r\n", mode);
        assert_eq!(reference.read(Path::new("/"), NONE).unwrap().expose(), "hunter22");
    }
}

#[test]
fn a_relative_path_starts_in_the_folder_of_the_configuration() {
    let (dir, _) = file(b"hunter22", 0o600);
    assert_eq!(SecretRef::File("token".into()).read(dir.path(), NONE).unwrap().expose(), "hunter22");
}

#[test]
fn a_file_that_others_can_touch_is_refused_with_its_mode() {
    for mode in [0o640, 0o604, 0o620, 0o644] {
        let (_dir, reference) = file(b"hunter22", mode);
        let error = reference.read(Path::new("/"), NONE).unwrap_err();
        assert!(matches!(error, SecretError::Open { mode: found, .. } if found == mode), "{error}");
        assert!(error.to_string().contains("chmod 600") && !error.to_string().contains("hunter22"), "{error}");
    }
}

#[test]
fn links_folders_pipes_and_gaps_are_refused() {
    let (dir, _) = file(b"hunter22", 0o600);
    symlink(dir.path().join("token"), dir.path().join("link")).unwrap();
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let read = |name: &str| SecretRef::File(dir.path().join(name)).read(Path::new("/"), NONE).unwrap_err();
    assert!(matches!(read("link"), SecretError::NotRegular { what: "a symbolic link", .. }));
    assert!(matches!(read("."), SecretError::NotRegular { what: "a folder", .. }));
    assert!(matches!(read("pipe"), SecretError::NotRegular { what: "not a regular file", .. }));
    assert!(matches!(read("gone"), SecretError::NoFile { .. }));
}

#[test]
fn empty_binary_and_endless_are_refused() {
    for empty in [&b""[..], b"\n", b"\r\n\n", b"  \n"] {
        let (_dir, reference) = file(empty, 0o600);
        assert!(matches!(reference.read(Path::new("/"), NONE), Err(SecretError::Empty { .. })), "{empty:?}");
    }
    let (_dir, binary) = file(b"\xff\xfe", 0o600);
    assert!(matches!(binary.read(Path::new("/"), NONE), Err(SecretError::NotUtf8 { .. })));
    let (_dir, long) = file(&vec![b'x'; 64 * 1024 + 1], 0o600);
    assert!(matches!(long.read(Path::new("/"), NONE), Err(SecretError::TooLong { .. })));
    let odd: Env<'_> = &|_| Some(OsString::from_vec(vec![0xff]));
    assert!(matches!(SecretRef::Env("A".into()).read(Path::new("/"), odd), Err(SecretError::NotUtf8 { .. })));
    let empty: Env<'_> = &|_| Some(OsString::new());
    assert!(matches!(SecretRef::Env("A".into()).read(Path::new("/"), empty), Err(SecretError::Empty { .. })));
}

#[test]
fn a_token_with_a_break_inside_never_reaches_a_header() {
    let (_dir, reference) = file(b"hunter22\r\nX-Evil: 1\n", 0o600);
    assert!(matches!(reference.read_word(Path::new("/"), NONE), Err(SecretError::NotAToken { .. })));
    reference.read(Path::new("/"), NONE).unwrap();
}

#[test]
fn a_command_runs_without_a_shell_in_the_folder_of_the_configuration() {
    let (dir, _) = file(b"hunter22\n", 0o644);
    let reference = SecretRef::Command(vec!["cat".into(), "token".into()]);
    assert_eq!(reference.read(dir.path(), NONE).unwrap().expose(), "hunter22");
    let reference = SecretRef::Command(vec!["echo".into(), "$HOME; id".into()]);
    assert_eq!(reference.read(dir.path(), NONE).unwrap().expose(), "$HOME; id");
}

#[test]
fn a_command_that_fails_is_reported_without_what_it_printed() {
    let error = command("echo hunter22; echo hunter22 >&2; exit 3").read(Path::new("/"), NONE).unwrap_err();
    assert!(matches!(&error, SecretError::Failed { status, .. } if status.code() == Some(3)), "{error}");
    assert!(!error.to_string().contains("hunter22"), "{error}");
    let error = SecretRef::Command(vec!["/nonexistent/program".into()]).read(Path::new("/"), NONE).unwrap_err();
    assert!(matches!(error, SecretError::NoProgram { .. }));
    assert!(matches!(command("true").read(Path::new("/"), NONE), Err(SecretError::Empty { .. })));
}

#[test]
fn a_command_that_prints_too_much_is_refused() {
    let error = command("head -c 1000000 /dev/zero | tr '\\0' x").read(Path::new("/"), NONE).unwrap_err();
    assert!(matches!(error, SecretError::TooLong { .. }), "{error}");
}

#[test]
fn a_command_that_hangs_is_stopped() {
    let argv = ["sleep".to_owned(), "600".to_owned()];
    let began = Instant::now();
    let error = run(&argv, Path::new("/"), Duration::from_millis(100)).unwrap_err();
    assert!(matches!(error, SecretError::TimedOut { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_reference_shows_its_place_and_never_a_secret() {
    assert_eq!(SecretRef::Env("TOKEN".into()).to_string(), "the environment variable TOKEN");
    assert_eq!(SecretRef::Command(vec!["pass".into(), "show".into()]).to_string(), "the command `pass`");
    let given = SecretRef::Given(Secret::new("hunter22".into()));
    assert!(!format!("{given} {given:?}").contains("hunter22"));
    assert_eq!(given.read(Path::new("/"), NONE).unwrap().expose(), "hunter22");
}

#[test]
fn a_federated_token_may_be_a_link_that_others_can_read() {
    let (dir, _) = file(b"eyJ.eyJ.sig\n", 0o644);
    let link = dir.path().join("link");
    symlink(dir.path().join("token"), &link).unwrap();
    assert_eq!(read_federated_token(&link).unwrap().expose(), "eyJ.eyJ.sig");
    assert!(matches!(read_federated_token(&dir.path().join("gone")), Err(SecretError::NoFile { .. })));
}
