//! Texts with marks, and with lines that are there only where something holds.

/// Fills `{{mark}}`, and keeps of `{{if name}}`, `{{else}}` and `{{end}}`, each on a line of its own, what holds. Inside of
/// one may stand another. What is left out leaves no gaps: at most two empty lines in a row.
pub fn filled(template: &str, holds: &[&str], marks: &[(&str, String)]) -> String {
    let mut kept = String::with_capacity(template.len());
    let mut open: Vec<bool> = Vec::new();
    for line in template.lines() {
        let bare = line.trim();
        if let Some(name) = bare.strip_prefix("{{if ").and_then(|rest| rest.strip_suffix("}}")) {
            open.push(holds.contains(&name));
        } else if bare == "{{else}}" {
            if let Some(last) = open.last_mut() {
                *last = !*last;
            }
        } else if bare == "{{end}}" {
            open.pop();
        } else if open.iter().all(|holds| *holds) && !(line.is_empty() && kept.ends_with("\n\n\n")) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    marks.iter().fold(kept, |text, (mark, value)| text.replace(&format!("{{{{{mark}}}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_where_their_condition_holds() {
        let template = "a {{n}}\n{{if x}}\nb\n  {{if y}}\nc\n  {{else}}\nd\n  {{end}}\n{{else}}\ne\n{{end}}\nf\n";
        let of = |holds: &[&str]| filled(template, holds, &[("n", "1".to_owned())]);
        assert_eq!(of(&[]), "a 1\ne\nf\n");
        assert_eq!(of(&["x"]), "a 1\nb\nd\nf\n");
        assert_eq!(of(&["x", "y"]), "a 1\nb\nc\nf\n");
        assert_eq!(of(&["y"]), "a 1\ne\nf\n");
    }
}
