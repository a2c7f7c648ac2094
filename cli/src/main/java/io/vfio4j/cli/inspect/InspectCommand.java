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

/** The {@code inspect} command. */
@Command(name = "inspect", description = {"Show the contents of a file written by vfio4j.",
    "A saved state (vfio4j save) is verified to its end; with DEVICEs, it is also compared with them, without changing "
        + "them. A recording (vfio4j serve ... --record FILE) is printed with one line per message."}, footer = {
            "", "Examples:", "  Show and verify a saved state:", "    vfio4j inspect a.state",
            "  Check whether it can be restored to a device:",
            "    vfio4j inspect a.state vfio-user:/tmp/b.sock",
            "  Show the messages between a client and a device:",
            "    vfio4j serve scratch --socket /tmp/a.sock --record /tmp/a.rec --once",
            "    vfio4j inspect /tmp/a.rec", "  The same as JSON, with one message per line:",
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
            "%s cannot be restored to a device (its format: %s); omit DEVICE".formatted(path,
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
    throw new CommandException(ExitCodes.FAILURE, "%s was not written by vfio4j; this version reads %s"
        .formatted(path, FileFormat.all().stream().map(FileFormat::name).collect(Collectors.joining(", "))),
        null);
  }
}
