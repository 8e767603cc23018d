//! A terminal that is drawn on and gives keys one by one. As it was before when this is dropped.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use std::io::{self, IsTerminal, Read, Write, stdin, stdout};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// See the module's description.
pub struct Screen {
    before: Termios,
    /// Can be read once a signal to end has come. A flag would not do: one that comes just before the wait for a key begins would
    /// be seen when that is over.
    ended: UnixStream,
}

/// What comes while one waits for a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key {
    /// A letter.
    Letter(u8),
    /// Ctrl-C, the end of the input, or a signal: it is over.
    End,
    /// Nothing: the time is over.
    None,
}

/// Another screen, without a cursor; and back.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l";
const LEAVE: &[u8] = b"\x1b[?25h\x1b[?1049l";

impl Screen {
    /// Takes the terminal; nothing if there is none.
    pub fn take() -> Option<Screen> {
        if !stdin().is_terminal() || !stdout().is_terminal() {
            return None;
        }
        let before = tcgetattr(stdin()).ok()?;
        let (ended, end) = UnixStream::pair().ok()?;
        for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
            signal_hook::low_level::pipe::register(signal, end.try_clone().ok()?).ok()?;
        }
        let mut raw = before.clone();
        raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        tcsetattr(stdin(), OptionalActions::Now, &raw).ok()?;
        let screen = Screen { before, ended };
        stdout().write_all(ENTER).ok()?;
        Some(screen)
    }

    /// Columns and rows.
    pub fn size(&self) -> (usize, usize) {
        let size = tcgetwinsize(stdout()).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
        size.map_or((80, 24), |size| (size.ws_col.into(), size.ws_row.into()))
    }

    /// Draws lines from the top.
    pub fn draw(&self, lines: &[String]) -> io::Result<()> {
        let mut text = String::from("\x1b[H");
        for (i, line) in lines.iter().enumerate() {
            if i > 0 {
                text.push_str("\r\n");
            }
            text.push_str(line);
            text.push_str("\x1b[K");
        }
        text.push_str("\x1b[J");
        let mut out = stdout();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Waits for a key.
    pub fn key(&self, wait: Duration) -> Key {
        let input = stdin();
        let wait = Timespec::try_from(wait).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        let mut ready =
            [PollFd::new(&self.ended, PollFlags::IN), PollFd::new(&input, PollFlags::IN)];
        // A signal that interrupts the wait is dealt with at the next one.
        if poll(&mut ready, Some(&wait)).is_err() {
            return Key::None;
        }
        let came = |i: usize| !ready[i].revents().is_empty();
        if came(0) {
            return Key::End;
        }
        if !came(1) {
            return Key::None;
        }
        let mut byte = [0];
        match input.lock().read(&mut byte) {
            Ok(1) if byte[0] == 3 || byte[0] == 4 => Key::End,
            Ok(1) => Key::Letter(byte[0].to_ascii_lowercase()),
            _ => Key::End,
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = stdout().write_all(LEAVE);
        let _ = stdout().flush();
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}
