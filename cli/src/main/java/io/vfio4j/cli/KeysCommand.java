// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import com.google.gson.JsonArray;
import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.OnDemandModules;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Termination;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** The {@code keys} command. */
@Command(name = "keys", description = {
    "Generate keys and certificates for migrations over TCP, one folder per host.",
    "They are signed by a new certificate authority whose key is discarded, so no host can be added later. For another "
        + "host, or when the certificates expire, generate a new set."}, footer = {"", "Examples:",
            "  vfio4j keys --out keys host-a host-b", "  scp -r keys/host-b host-b:keys",
            "  For hosts that are also addressed by IP address:",
            "    vfio4j keys --out keys host-a,192.0.2.1 host-b,192.0.2.2,2001:db8::2"})
final class KeysCommand implements Callable<Integer> {

  private static final String MODULE = "io.vfio4j.keys";
  private static final int MAX_DAYS = 3650;

  @Parameters(paramLabel = "HOST", arity = "1..*", description = "Name of a host, followed by its other names and addresses, if any: NAME[,NAME|ADDRESS]...")
  private List<String> hosts = List.of();

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "Create DIR, with one folder per host. It must not exist.")
  private @Nullable Path out;

  @Option(names = "--days", paramLabel = "N", description = "Validity in days, up to 3650 (default: 365).")
  private int days = 365;

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws CommandException {
    Path folder = OptionValues.required(out, "--out");
    if (days < 1 || days > MAX_DAYS) {
      throw new ParameterException(common.spec().commandLine(),
          "--days: %d is not between 1 and %d".formatted(days, MAX_DAYS));
    }
    try (Termination.Registration _ = Termination.guard()) {
      generate(folder);
    }
    report(folder);
    return ExitCodes.SUCCESS;
  }

  private void generate(Path folder) throws CommandException {
    ToolProvider tool = OnDemandModules.load(MODULE, ToolProvider.class);
    StringWriter errors = new StringWriter();
    PrintWriter err = new PrintWriter(errors);
    String[] arguments =
        Stream.concat(Stream.of(folder.toString(), Long.toString(Duration.ofDays(days).toSeconds())),
            hosts.stream()).toArray(String[]::new);
    int code = tool.run(err, err, arguments);
    err.flush();
    if (code == ExitCodes.USAGE) {
      throw new ParameterException(common.spec().commandLine(), errors.toString());
    }
    if (code != ExitCodes.SUCCESS) {
      throw new CommandException(code, errors.toString(), null);
    }
  }

  private void report(Path folder) {
    Output output = common.output();
    JsonArray folders = new JsonArray();
    for (String host : hosts) {
      String name = host.split(",", 2)[0];
      output.line("%s: for %s".formatted(folder.resolve(name), host.replace(",", ", ")));
      folders.add(folder.resolve(name).toString());
    }
    output.line(
        "Copy each folder to its host, and pass it with --keys there. The certificates are valid for %d days."
            .formatted(days));
    output.result(Json.event("keys").with("folders", folders).with("days", days).build());
  }
}
