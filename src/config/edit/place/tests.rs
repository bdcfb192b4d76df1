//! Awkward files, changed: only what was asked for differs.

use super::*;
use crate::config::Profile;
use std::path::PathBuf;
use toml_edit::Value;

/// An app in braces, with a comment that looks like more of it.
const APP: &str = r#"app = { tenant_url = "https://a.example", secret_token = { env = "TOKEN" } }"#;
const DIRECTORY: &str = r#"directory = { tenant_id = "a.example", client_id = "11111111-1111-1111-1111-111111111111", client_secret = { env = "S" }, service_principal_id = "22222222-2222-2222-2222-222222222222" }"#;
const DOTTED: &str = r#"directory.tenant_id = "a.example"
directory.client_id = "11111111-1111-1111-1111-111111111111"
directory.client_secret.env = "S"
directory.service_principal_id = "22222222-2222-2222-2222-222222222222"
"#;

fn set(key: &'static str, value: impl Into<Value>) -> Edit {
    Edit::Set(key, value.into())
}

fn refer() -> Edit {
    Edit::Refer("app.secret_token", PathBuf::from("/data/secrets/j"))
}

/// The text after a change. Before and after, it loads.
fn after(text: &str, edit: &Edit) -> String {
    let path = Path::new("/etc/config.toml");
    Profile::parse(text, path).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let text = changed(text, "j", edit).unwrap_or_else(|| panic!("no {edit:?} in\n{text}"));
    Profile::parse(&text, path).unwrap_or_else(|error| panic!("{error}\n{text}"));
    text
}

/// One change replaces one piece of the text and leaves every other byte.
#[track_caller]
fn becomes(text: &str, edit: &Edit, from: &str, to: &str) {
    assert_eq!(text.matches(from).count(), 1, "{from:?} in\n{text}");
    assert_eq!(after(text, edit), text.replacen(from, to, 1), "{edit:?} of\n{text}");
}

#[test]
fn a_value_is_replaced_where_it_stands() {
    let header = format!("[jobs.j] # one\n  interval   =\t'40m'  # often\n{APP} # {{ x = \"no\" }}\n{DOTTED}");
    becomes(&header, &set("interval", "20m"), "'40m'", "\"20m\"");
    becomes(&header, &set("app.tenant_url", "https://b.example"), "https://a.example", "https://b.example");
    let top = format!("jobs.j.enabled = true\njobs.j.interval=\"\"\"40m\"\"\"\njobs.j.{APP}\njobs.j.{DIRECTORY}");
    becomes(&top, &set("enabled", false), "= true", "= false");
    becomes(&top, &set("interval", "20m"), "\"\"\"40m\"\"\"", "\"20m\"");
    let braces = format!("jobs = {{ j = {{ scope = \"all\", {APP}, {DIRECTORY} }} }}");
    becomes(&braces, &set("scope", "assigned"), "\"all\"", "\"assigned\"");
    let quoted = format!("[\"jobs\".'j']\n\"enabled\" = false\n{APP}\n{DIRECTORY}");
    becomes(&quoted, &set("enabled", true), "false", "true");
}

#[test]
fn a_key_that_is_absent_joins_its_neighbours() {
    let header =
        format!("[jobs.j]\n\tenabled = true # on\n\n# the app\n{APP}\n{DOTTED}\n[jobs.k]\n{APP}\n{DIRECTORY}\n");
    becomes(&header, &set("scope", "all"), "# on\n", "# on\n\tscope = \"all\"\n");
    // The nearest that comes before it in the example.
    let two = header.replace("# on\n", "# on\ngroups = true\nenvironment = \"x\"\n");
    becomes(&two, &set("interval", "20m"), "groups = true\n", "groups = true\ninterval = \"20m\"\n");
    becomes(&two, &set("scope", "all"), "# on\n", "# on\n\tscope = \"all\"\n");
    // Dotted keys are neighbours that lend their path.
    let top = format!("jobs.j.enabled = true\njobs.j.{APP}\njobs.j.{DIRECTORY}");
    becomes(&top, &set("groups", true), "enabled = true\n", "enabled = true\njobs.j.groups = true\n");
    let under = format!("[jobs]\nj.{APP}\n j.{DIRECTORY}");
    becomes(&under, &set("groups", true), DIRECTORY, &format!("{DIRECTORY}\n j.groups = true"));
    // Nothing but tables of dotted keys.
    let dotted =
        format!("[jobs.j]\napp.tenant_url = \"https://a.example\"\napp.secret_token.env = \"T\"\n{DOTTED}# end");
    becomes(&dotted, &set("enabled", true), "222222222222\"\n", "222222222222\"\nenabled = true\n");
}

#[test]
fn a_key_in_braces_comes_behind_the_last() {
    let braces = format!("jobs.j = {{ {APP}, {DIRECTORY} }} # all of it\n");
    becomes(&braces, &set("groups", true), "\" } } # all", "\" }, groups = true } # all");
    let spread = format!("jobs.j = {{\n  {APP},\n  {DIRECTORY}, # last\n}}\n");
    becomes(&spread, &set("groups", true), "\" }, # last", "\" }, groups = true, # last");
}

#[test]
fn a_key_that_is_commented_out_says_where_it_belongs() {
    let text =
        format!("[jobs.j]\nenabled = true\n{APP}\n# The word in the header.\n  # environment = \"test\"\n\n{DOTTED}");
    becomes(
        &text,
        &set("environment", "live"),
        "  # environment = \"test\"\n",
        "  # environment = \"test\"\n  environment = \"live\"\n",
    );
    // Not in another table, and not inside a text of several lines.
    let other = format!("[jobs.j]\nenabled = true\n{APP}\n[jobs.j.{DOTTED_AS_TABLE}");
    becomes(&other, &set("groups", true), "enabled = true\n", "enabled = true\ngroups = true\n");
    let inside = format!("[jobs.j]\nenabled = true\nmapping = \"\"\"a\n# groups = true\n[x]\"\"\"\n{APP}\n{DOTTED}");
    becomes(&inside, &set("groups", true), "enabled = true\n", "enabled = true\ngroups = true\n");
}

const DOTTED_AS_TABLE: &str = r#"directory]
# groups = true
tenant_id = "a.example"
client_id = "11111111-1111-1111-1111-111111111111"
client_secret = { env = "S" }
service_principal_id = "22222222-2222-2222-2222-222222222222"
"#;

#[test]
fn a_job_without_a_line_of_its_own_gets_one() {
    let app = "tenant_url = \"https://a.example\"\nsecret_token = { env = \"T\" }\n";
    let deep = format!("# Flock\n[jobs.j.app] # app\n{app}\n[jobs.j.{DOTTED_AS_TABLE}");
    becomes(&deep, &set("enabled", true), "[jobs.j.app] #", "[jobs.j]\nenabled = true\n\n[jobs.j.app] #");
    let empty = format!("[jobs.j.app]\n{app}[jobs.j.{DOTTED_AS_TABLE}\n[jobs.j] # late");
    becomes(&empty, &set("enabled", true), "# late", "# late\nenabled = true");
    let deeper = format!(
        "[jobs.j.app.secret_token]\nenv = \"T\"\n[jobs.j.app]\ntenant_url = \"https://a.example\"\n[jobs.j.{DOTTED_AS_TABLE}"
    );
    becomes(&deeper, &set("enabled", true), "[jobs.j.app]\n", "[jobs.j]\nenabled = true\n\n[jobs.j.app]\n");
}

#[test]
fn line_ends_and_marks_stay_as_mixed_as_they_were() {
    let text = format!("\u{feff}[jobs.j]\r\nenabled = true\r\n{APP}\n# groups\n{DOTTED}");
    becomes(&text, &set("enabled", false), "= true\r\n", "= false\r\n");
    becomes(&text, &set("groups", true), "= true\r\n", "= true\r\ngroups = true\r\n");
    becomes(&text, &Edit::Unset("enabled"), "enabled = true\r\n", "# enabled = true\r\n");
    let first = format!("\u{feff}jobs.j.enabled = true\r\njobs.j.{APP}\r\njobs.j.{DIRECTORY}");
    becomes(&first, &set("groups", true), "= true\r\n", "= true\r\njobs.j.groups = true\r\n");
    becomes(&first, &Edit::Unset("enabled"), "jobs.j.enabled", "# jobs.j.enabled");
}

#[test]
fn a_key_that_goes_leaves_its_line_as_a_comment() {
    let text = format!("[jobs.j]\n# Removals.\n  deletion_threshold = 500 # many\n{APP}\n{DOTTED}");
    let without = after(&text, &Edit::Unset("deletion_threshold"));
    assert_eq!(without, text.replace("  deletion", "  # deletion"));
    assert_eq!(after(&without, &Edit::Unset("deletion_threshold")), without, "gone is gone");
    // And back: the comment stays above, until the line has nothing to say any more.
    let back = after(&without, &set("deletion_threshold", 7));
    assert_eq!(back, without.replace("# many\n", "# many\n  deletion_threshold = 7\n"));
    assert_eq!(after(&back, &Edit::Unset("deletion_threshold")), without);

    let braces = format!("jobs.j = {{ environment = \"x\", {APP}, deletion_threshold = 5, {DIRECTORY} }}\n");
    becomes(&braces, &Edit::Unset("environment"), "environment = \"x\", ", "");
    becomes(&braces, &Edit::Unset("deletion_threshold"), ", deletion_threshold = 5", "");
    let lines = format!("[jobs.j]\nenvironment = '''\ntest'''\n{APP}\n{DOTTED}");
    becomes(&lines, &Edit::Unset("environment"), "environment = '''\ntest'''", "# environment = '''\n# test'''");
}

#[test]
fn a_reference_becomes_one_to_a_file() {
    let text = |token: &str| {
        format!("[jobs.j]\n{DOTTED}\n[jobs.j.app]\ntenant_url = \"https://a.example\"\n{token} # where\n")
    };
    for (before, expected) in [
        ("secret_token = { env = \"T\" }", "secret_token = { file = \"/data/secrets/j\" }"),
        ("secret_token={'file'='old'}", "secret_token={file=\"/data/secrets/j\"}"),
        ("secret_token = { command = [\"pass\", \"{ }\"] }", "secret_token = { file = \"/data/secrets/j\" }"),
        ("secret_token = { command = [\n\"pass\", # x\n] }", "secret_token = { file = \"/data/secrets/j\" }"),
        ("secret_token.env = \"T\"", "secret_token.file = \"/data/secrets/j\""),
        ("[jobs.j.app.secret_token]\nenv = \"T\"", "[jobs.j.app.secret_token]\nfile = \"/data/secrets/j\""),
    ] {
        becomes(&text(before), &refer(), before, expected);
    }
}

#[test]
fn nothing_is_invented_where_nothing_fits() {
    let text = format!("[jobs.j]\n{APP}\n{DOTTED}");
    assert_eq!(changed(&text, "other", &set("groups", true)), None);
    assert_eq!(changed("not toml", "j", &set("groups", true)), None);
    assert_eq!(changed(&text, "j", &set("app", true)), Some(text.replace(&APP["app = ".len()..], "true")));
}
