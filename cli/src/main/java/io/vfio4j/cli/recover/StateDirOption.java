// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.journal.StateDirectory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the journals of migrations are. To be mixed in. */
public final class StateDirOption {

  private static final String NAME = "vfio4j";

  /**
   * For so long a journal is kept after it was settled, days: a source that was left without a word may ask its target
   * all that time, and has it only from its journal.
   */
  static final int RETENTION_DAYS = 90;

  @Option(names = "--state-dir", paramLabel = "DIR", description = "Where to put down who owns the devices (default: $XDG_STATE_HOME/vfio4j; without that variable "
      + "/var/lib/vfio4j as root, else ~/.local/state/vfio4j).")
  private @Nullable Path folder;

  /** Returns the option as it was given, for a command that is to have it too. */
  public List<String> arguments() {
    return folder == null ? List.of() : List.of("--state-dir", folder.toString());
  }

  /** Opens it, and makes it if it is not there. */
  StateDirectory open() throws JournalException {
    return StateDirectory.open(folder == null ? defaultFolder() : folder);
  }

  /** Opens it for a migration, and removes journals that nobody asks about any more. */
  public StateDirectory openForMigration(Output output) throws JournalException {
    StateDirectory state = open();
    try {
      state.prune(Instant.now().minus(Duration.ofDays(RETENTION_DAYS)));
    } catch (JournalException e) {
      output.warning("vfio4j: " + e.getMessage());
    }
    return state;
  }

  private static Path defaultFolder() {
    String state = System.getenv("XDG_STATE_HOME");
    if (state != null && !state.isEmpty()) {
      return Path.of(state, NAME);
    }
    return "root".equals(System.getProperty("user.name"))
        ? Path.of("/var/lib", NAME)
        : Path.of(System.getProperty("user.home"), ".local", "state", NAME);
  }
}
