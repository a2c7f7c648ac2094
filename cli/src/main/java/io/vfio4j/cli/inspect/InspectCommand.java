// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import io.vfio4j.cli.CommandFailure;
import io.vfio4j.cli.CommonOptions;
import io.vfio4j.cli.ExitCodes;
import io.vfio4j.cli.Options;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Shows a file that vfio4j wrote, whichever kind it is of. */
@Command(name = "inspect", description = {"Show what is in a file that vfio4j wrote.",
    "So far these are recordings of sessions (vfio4j serve ... --record FILE): one line for each message."}, footer = {
        "", "Examples:", "  What a client asked of a device, and what it was told:",
        "    vfio4j serve scratch --socket /tmp/a.sock --record /tmp/a.rec --once",
        "    vfio4j inspect /tmp/a.rec", "  The same as JSON, a message on each line:",
        "    vfio4j inspect --json /tmp/a.rec"})
public final class InspectCommand implements Callable<Integer> {

  private static final int BUFFER = 64 << 10;

  @Parameters(index = "0", paramLabel = "FILE", description = "The file.")
  private @Nullable Path file;

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    Path path = Options.readableFile(common.spec(), "FILE", Options.required(file, "FILE"));
    try (InputStream in = new BufferedInputStream(Files.newInputStream(path), BUFFER)) {
      kind(path, in).show(in, common.output());
      return ExitCodes.DONE;
    }
  }

  private static FileKind kind(Path path, InputStream in) throws IOException {
    in.mark(BUFFER);
    byte[] beginning = in.readNBytes(FileKind.BEGINNING);
    in.reset();
    for (FileKind kind : FileKind.all()) {
      if (kind.recognises(beginning)) {
        return kind;
      }
    }
    throw new CommandFailure(ExitCodes.NOT_DONE, "%s is not a file that vfio4j wrote; this version knows %s"
        .formatted(path, FileKind.all().stream().map(FileKind::name).collect(Collectors.joining(", "))),
        null);
  }
}
