//! Where the text of the user's own script comes from: the call itself, a file that a person names, or one of the project.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::input::Input;
use crate::facts::foreign;

/// More than any server is sent; the rest of a larger file is not read.
const LONGEST: u64 = 4 << 20;
/// An agent names only what can be a script: four times what the lint reads.
const LONGEST_OF_PROJECT: u64 = 1 << 20;

/// The text to check, if there is one.
pub fn of(input: &Input) -> Result<Option<Vec<u8>>> {
    if let Some(path) = &input.file {
        return read(path).map(Some);
    }
    if !input.path.is_empty() {
        let here = std::env::current_dir().context("cannot tell the working directory; give the text in script")?;
        return read(&in_project(&here, &input.path)?).map(Some);
    }
    Ok(if input.script.is_empty() { None } else { Some(input.script.clone().into_bytes()) })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let shown = foreign::clean(&path.to_string_lossy());
    let mut text = Vec::new();
    let file = File::open(path).with_context(|| format!("cannot open {shown}"))?;
    file.take(LONGEST).read_to_end(&mut text).with_context(|| format!("cannot read {shown}"))?;
    Ok(text)
}

/// The file that an agent means: a Lua file below the folder in which the server was started, by whatever links and dots
/// its name leads there.
fn in_project(root: &Path, path: &str) -> Result<PathBuf> {
    const NEXT: &str =
        "give the path of a .lua file below the folder in which this server was started, or the text in script";
    let shown = foreign::bounded(path, 100);
    let root = root.canonicalize().with_context(|| format!("cannot read {shown:?}; {NEXT}"))?;
    // Whoever starts servers at the top of the disk has no project there.
    if root.parent().is_none() {
        bail!("cannot read {shown:?}: this server was started in /, which is no project; give the text in script");
    }
    let Ok(file) = root.join(path).canonicalize() else { bail!("there is no file {shown:?} here; {NEXT}") };
    if !file.starts_with(&root) {
        bail!("{shown:?} leads out of the project; {NEXT}");
    }
    if file.extension().is_none_or(|ending| ending != "lua") {
        bail!("{shown:?} is no .lua file; {NEXT}");
    }
    let about = file.metadata().with_context(|| format!("cannot read {shown:?}; {NEXT}"))?;
    if !about.is_file() || about.len() > LONGEST_OF_PROJECT {
        bail!("{shown:?} is no file of at most {LONGEST_OF_PROJECT} bytes; {NEXT}");
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_a_lua_file_below_the_root_is_read() {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("project");
        fs::create_dir_all(root.join("scripts")).unwrap();
        let write = |path: &str, text: &str| fs::write(outside.path().join(path), text).unwrap();
        write("project/scripts/a.lua", "return 1");
        write("project/secret.txt", "x");
        write("project/large.lua", &"-".repeat(LONGEST_OF_PROJECT as usize + 1));
        write("outside.lua", "return 2");
        let link = |to: &str, at: &str| symlink(outside.path().join(to), root.join(at)).unwrap();
        link("outside.lua", "out.lua");
        link("project/secret.txt", "text.lua");
        link("project/scripts/a.lua", "in.lua");
        link("", "up");
        fs::create_dir(root.join("folder.lua")).unwrap();

        let absolute = root.join("scripts/a.lua");
        for path in ["scripts/a.lua", "./scripts/../scripts/a.lua", "in.lua", absolute.to_str().unwrap()] {
            assert!(in_project(&root, path).unwrap().ends_with("scripts/a.lua"), "{path}");
        }
        let above = outside.path().join("outside.lua");
        for (path, why) in [
            ("../outside.lua", "leads out"),
            (above.to_str().unwrap(), "leads out"),
            ("out.lua", "leads out"),
            ("up/outside.lua", "leads out"),
            ("/etc/passwd", "leads out"),
            ("secret.txt", "no .lua file"),
            ("text.lua", "no .lua file"),
            ("missing.lua", "no file"),
            ("scripts/a.lua\0.txt", "no file"),
            ("large.lua", "at most"),
            ("folder.lua", "at most"),
        ] {
            let error = in_project(&root, path).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("in script"), "{path}: {error}");
        }
        assert!(in_project(Path::new("/"), "etc/x.lua").unwrap_err().to_string().contains("no project"));
    }
}
