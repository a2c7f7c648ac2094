// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.vfio4j.cli.Commands;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import picocli.CommandLine;

/** The result of a command that ran in this process. */
public record CommandRun(int exitCode, String out, String err) {

  /** Runs a command. */
  public static CommandRun vfio4j(String... arguments) {
    CommandLine command = Commands.commandLine(arguments);
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    command.setOut(new PrintWriter(out));
    command.setErr(new PrintWriter(err));
    int code = command.execute(arguments);
    command.getOut().flush();
    command.getErr().flush();
    return new CommandRun(code, out.toString(), err.toString());
  }

  /** Returns the events; every line of standard output must be a JSON object. */
  public List<JsonObject> events() {
    return out.lines().map(line -> JsonParser.parseString(line).getAsJsonObject()).toList();
  }

  /** Returns the first event with a name. */
  public JsonObject event(String name) {
    return events().stream().filter(event -> event.get("event").getAsString().equals(name)).findFirst()
        .orElseThrow(() -> new AssertionError("no event '" + name + "' in: " + out + err));
  }
}
