// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.vfiouser.ServerOptions;
import io.vfio4j.vfiouser.recording.Recording;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What every command that serves a device takes. To be mixed in. */
final class RecordOption {

  @Option(names = "--record", paramLabel = "FILE", description = "Take down the sessions in FILE, for vfio4j inspect; one that is there is written anew.")
  private @Nullable Path file;

  /** A recording, or none. */
  static final class Sessions implements AutoCloseable {

    private final Optional<Recording> recording;

    private Sessions(Optional<Recording> recording) {
      this.recording = recording;
    }

    ServerOptions in(ServerOptions options) {
      return recording.map(options::withRecording).orElse(options);
    }

    @Override
    public void close() throws IOException {
      if (recording.isPresent()) {
        recording.get().close();
      }
    }
  }

  /** Begins the recording, if one is wanted. */
  Sessions begin(Output output) throws IOException {
    if (file == null) {
      return new Sessions(Optional.empty());
    }
    try {
      return new Sessions(Optional.of(Recording.create(file, output::warning)));
    } catch (IOException e) {
      throw new CommandFailure(ExitCodes.NOT_DONE, "cannot record: " + Failures.words(e), e);
    }
  }
}
