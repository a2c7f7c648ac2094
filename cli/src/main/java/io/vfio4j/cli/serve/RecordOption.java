// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.output.OutputFile;
import io.vfio4j.vfiouser.recording.Recording;
import io.vfio4j.vfiouser.server.ServerOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The option {@code --record}, as a mixin. */
final class RecordOption {

  @Option(names = "--record", paramLabel = "FILE", description = "Record the connections in FILE, for vfio4j inspect. An existing file is replaced.")
  private @Nullable Path file;

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec spec;

  /** The recording, if one was requested. */
  static final class ConnectionRecording implements AutoCloseable {

    private final Optional<Recording> recording;

    private ConnectionRecording(Optional<Recording> recording) {
      this.recording = recording;
    }

    ServerOptions applyTo(ServerOptions options) {
      return recording.map(options::withRecording).orElse(options);
    }

    @Override
    public void close() throws IOException {
      if (recording.isPresent()) {
        recording.get().close();
      }
    }
  }

  /** Starts the recording, if one was requested. */
  ConnectionRecording start(Output output) throws IOException {
    Optional<OutputFile> to =
        OptionValues.outputFile(OptionValues.required(spec, "the command"), "--record", file);
    if (to.isEmpty()) {
      return new ConnectionRecording(Optional.empty());
    }
    try {
      // The data written to a device may be secret.
      return new ConnectionRecording(
          Optional.of(Recording.of(to.get().toString(), to.get().ownerOnly().open(), output::log)));
    } catch (IOException e) {
      throw new CommandException(ExitCodes.FAILURE, "cannot record: " + ErrorMessages.describe(e), e);
    }
  }
}
