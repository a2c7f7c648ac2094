// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.ExitCodes;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;

/** Shows a file that vfio4j wrote, whichever kind it is of. */
@Command(name = "inspect", description = {"Show what is in a file that vfio4j wrote.",
    "A saved state (vfio4j save) is read to its end, and refused if it is damaged; with DEVICEs it is compared with them, "
        + "which are only looked at. Of a recording of sessions (vfio4j serve ... --record FILE) each message is a line."}, footer = {
            "", "Examples:", "  What is in it, and is it intact:", "    vfio4j inspect a.state",
            "  Would it fit that device:", "    vfio4j inspect a.state vfio-user:/tmp/b.sock",
            "  What a client asked of a device, and what it was told:",
            "    vfio4j serve scratch --socket /tmp/a.sock --record /tmp/a.rec --once",
            "    vfio4j inspect /tmp/a.rec", "  The same as JSON, a message on each line:",
            "    vfio4j inspect --json /tmp/a.rec"})
public final class InspectCommand implements Callable<Integer> {

  private static final int BUFFER = 64 << 10;

  @Mixin
  private final InspectOptions options = new InspectOptions();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    Path path = options.path(common.spec());
    try (InputStream in = new BufferedInputStream(Files.newInputStream(path), BUFFER)) {
      FileFormat kind = detectFormat(path, in);
      if (options.hasDevices(common.spec()) && !kind.isRestorable()) {
        throw new ParameterException(common.spec().commandLine(),
            "%s is one of the %s, which no device can be given: leave out what follows FILE".formatted(path,
                kind.name()));
      }
      return kind.show(new Inspection(path, in, options, common));
    }
  }

  private static FileFormat detectFormat(Path path, InputStream in) throws IOException {
    in.mark(BUFFER);
    byte[] beginning = in.readNBytes(FileFormat.MAGIC_LENGTH);
    in.reset();
    for (FileFormat kind : FileFormat.all()) {
      if (kind.recognises(beginning)) {
        return kind;
      }
    }
    throw new CommandException(ExitCodes.FAILURE, "%s is not a file that vfio4j wrote; this version knows %s"
        .formatted(path, FileFormat.all().stream().map(FileFormat::name).collect(Collectors.joining(", "))),
        null);
  }
}
