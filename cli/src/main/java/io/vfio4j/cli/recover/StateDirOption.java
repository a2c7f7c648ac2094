// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.journal.StateDirectory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option {@code --state-dir}: a picocli mixin. */
public final class StateDirOption {

  private static final String NAME = "vfio4j";

  /**
   * How many days a journal is kept after it was settled. A source that does not know the outcome can query its target
   * that long, whose answer is in the journal.
   */
  static final int RETENTION_DAYS = 90;

  @Option(names = "--state-dir", paramLabel = "DIR", description = "Directory of the journals that record which side owns the devices (default: $XDG_STATE_HOME/vfio4j; without that "
      + "variable /var/lib/vfio4j for root, else ~/.local/state/vfio4j).")
  private @Nullable Path folder;

  /** Returns the option as it was given, for a suggested command. */
  public List<String> arguments() {
    return folder == null ? List.of() : List.of("--state-dir", folder.toString());
  }

  /** Opens the directory, and creates it if it does not exist. */
  StateDirectory open() throws JournalException {
    return StateDirectory.open(folder == null ? defaultFolder() : folder);
  }

  /** Opens the directory for a migration, and prunes old journals. */
  public StateDirectory openForMigration(Output output) throws JournalException {
    StateDirectory state = open();
    try {
      state.prune(Instant.now().minus(Duration.ofDays(RETENTION_DAYS)));
    } catch (JournalException e) {
      output.warning(ErrorMessages.describe(e));
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
