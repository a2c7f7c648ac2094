// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.SuggestedCommand;
import io.vfio4j.cli.peer.PeerOptions;
import io.vfio4j.cli.recover.StateDirOption;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.transport.TransportAddress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Commands suggested by messages are valid. */
class SuggestedCommandTest {

  private static final String SESSION = "00112233445566778899aabbccddeeff";
  private static final TransportAddress PEER = TransportAddress.parse("tcp:host-b:4711");

  /** A placeholder in a message. */
  private static final Pattern PLACEHOLDER = Pattern.compile("%s|[A-Z]{2,}");
  private static final List<String> SAMPLES =
      List.of("vfio-user:/tmp/a.sock", "control:/tmp/a.control", SESSION, "unix:/tmp/ask.sock", "/tmp/file",
          "RUNNING");
  private static final Pattern LITERAL =
      Pattern.compile("\"\"\"\n.*?\"\"\"|\"(?:[^\"\\\\\n]|\\\\.)*\"", Pattern.DOTALL);
  /** A command within a sentence. */
  private static final Pattern MENTION = Pattern.compile(
      "vfio4j ([a-z0-9-]+(?: (?:--?[a-z0-9-]+|%s|[A-Z]{2,}|control:PATH|scratch|idio-16))*)(?![a-z])");

  static Stream<SuggestedCommand> all() {
    return Stream.of(SuggestedCommand.probe("vfio-user:/tmp/a.sock"),
        SuggestedCommand.probe("kernel:0000:3b:00.2"),
        SuggestedCommand.probe("control:/tmp/a.control"),
        SuggestedCommand.observe("control:/tmp/it's a.control"),
        SuggestedCommand.resume("control:/tmp/a.control"),
        SuggestedCommand.discard("control:/tmp/a.control"),
        SuggestedCommand.resume("vfio-user:/tmp/it's a.sock"),
        SuggestedCommand.discard("vfio-user:/tmp/$(b).sock"),
        SuggestedCommand.decide(MigrationId.parse(SESSION), "--abandon"),
        SuggestedCommand.decide(MigrationId.parse(SESSION), "--run-here"),
        SuggestedCommand.recover(), SuggestedCommand.ask(PEER),
        SuggestedCommand.ask(PEER)
            .with(List.of("--state-dir", "/my state", "--keys", "keys", "--peer", "host-b")));
  }

  @Test
  void coversEachKindOfCommand() {
    long kinds = Arrays.stream(SuggestedCommand.class.getDeclaredMethods())
        .filter(method -> java.lang.reflect.Modifier.isStatic(method.getModifiers())
            && method.getReturnType() == SuggestedCommand.class)
        .count();

    assertThat(all().map(command -> command.arguments().stream().filter(word -> !word.contains("/")
        && !word.contains(":")).findFirst().orElseThrow() + command.arguments().size()).distinct().count())
        .isLessThanOrEqualTo(kinds);
    assertThat(kinds).as("kinds of suggested commands, each of which must be parsed here").isEqualTo(7);
  }

  @ParameterizedTest
  @MethodSource("all")
  void parsesEachSuggestedCommand(SuggestedCommand command) {
    assertThat(error(command.arguments())).as(command.toString()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("all")
  void quotesArgumentsForShell(SuggestedCommand command) throws Exception {
    Process shell = new ProcessBuilder("sh", "-c", "vfio4j() { printf '%s\\n' \"$@\"; }; " + command).start();
    List<String> words =
        new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();

    assertThat(shell.waitFor()).isZero();
    assertThat(words).isEqualTo(command.arguments());
  }

  /** {@code recover} needs the connection options of {@code send} to query the same peer about the same journals. */
  @Test
  void copiesConnectionOptionsToSuggestion() {
    List<String> given =
        List.of("--keys", "k", "--tls-ca", "a", "--tls-cert", "b", "--tls-key", "c", "--peer", "h",
            "--peer-uid", "7", "--state-dir", "/s");
    List<String> arguments = new ArrayList<>(List.of("recover", "--ask", PEER.toString()));
    arguments.addAll(given);
    CommandLine root = Commands.commandLine();
    root.parseArgs(arguments.toArray(String[]::new));
    CommandLine recover = Objects.requireNonNull(root.getSubcommands().get("recover"));
    List<String> handedOn = new ArrayList<>(mixin(recover, PeerOptions.class).arguments());
    handedOn.addAll(mixin(recover, StateDirOption.class).arguments());

    assertThat(handedOn).isEqualTo(given);
  }

  private static <T> T mixin(CommandLine command, Class<T> kind) {
    return command.getCommandSpec().mixins().values().stream().map(spec -> spec.userObject())
        .filter(kind::isInstance).map(kind::cast).findFirst().orElseThrow();
  }

  /** Checks the commands in the messages of all modules, with options and placeholders. */
  @Test
  void parsesCommandsInMessages() throws IOException {
    List<String> wrong = new ArrayList<>();
    int mentions = 0;
    for (Path source : sources()) {
      for (String literal : literals(Files.readString(source))) {
        Matcher mention = MENTION.matcher(literal);
        while (mention.find()) {
          List<String> words = List.of(mention.group(1).split(" "));
          if (words.size() > 1) { // Else it only names the command.
            mentions++;
            error(words, 0).ifPresent(error -> wrong.add(source.getFileName() + ": " + words + ": " + error));
          } else if (!Commands.commandLine().getSubcommands().containsKey(words.getFirst())
              && literal.contains("'vfio4j " + words.getFirst())) {
            wrong.add(source.getFileName() + ": there is no command " + words.getFirst());
          }
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(mentions).isGreaterThan(5);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "serve"})
  void parsesExamplesInHelp(String parent) throws Exception {
    CommandLine root = Commands.commandLine();
    CommandLine of = parent.isEmpty() ? root : Objects.requireNonNull(root.getSubcommands().get(parent));
    List<CommandLine> commands = new ArrayList<>(of.getSubcommands().values());
    commands.add(of);
    for (CommandLine command : commands) {
      for (String line : command.getCommandSpec().usageMessage().footer()) {
        if (line.strip().startsWith("vfio4j ")) {
          assertThat(error(shellWords(line))).as(line).isEmpty();
        }
      }
    }
  }

  /** Returns the words of a command as a shell splits them, up to the next command. */
  private static List<String> shellWords(String line) throws IOException, InterruptedException {
    Process shell = new ProcessBuilder("sh", "-c",
        "vfio4j() { printf '%s\\n' \"$@\" >&2; cat > /dev/null; }; jq() { cat; }; dot() { cat; }; "
            + line.strip().replaceAll("( [|&>].*)$", ""))
        .start();
    shell.getOutputStream().close();
    List<String> words =
        new String(shell.getErrorStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    shell.waitFor();
    return words;
  }

  private static List<Path> sources() throws IOException {
    Path top = Path.of(System.getProperty("basedir", "."), "..");
    List<Path> all = new ArrayList<>();
    for (String module : List.of("model", "linux", "vfiouser", "devices", "engine", "conformance", "keys",
        "zstd", "jfr",
        "cli")) {
      try (Stream<Path> files = Files.walk(top.resolve(module).resolve("src/main/java"))) {
        files.filter(file -> file.toString().endsWith(".java")).sorted(Comparator.naturalOrder())
            .forEach(all::add);
      }
    }
    return all;
  }

  /** Excludes help texts, whose examples are parsed separately. */
  private static List<String> literals(String source) {
    String joined = source.replaceAll("(?s) String details\\(\\) \\{.*?\\n  }", "")
        .replaceAll("(?s)@Command\\(.*?\\n(?=(?:public )?final class)", "")
        .replaceAll("(?s)@(Option|Parameters)\\(.*?\\n(?=  private)", "")
        .replaceAll("(?s)\"\\s*\\+\\s*\"", "");
    return LITERAL.matcher(joined).results().map(match -> match.group().replaceAll("\\\\\n\\s*", ""))
        .toList();
  }

  /** Returns the error of a command with placeholders; empty if a sample value makes it valid. */
  private static Optional<String> error(List<String> words, int from) {
    for (int i = from; i < words.size(); i++) {
      if (PLACEHOLDER.matcher(words.get(i)).matches()) {
        Optional<String> error = Optional.empty();
        for (String sample : SAMPLES) {
          List<String> filled = new ArrayList<>(words);
          filled.set(i, sample);
          error = error(filled, i + 1);
          if (error.isEmpty()) {
            break;
          }
        }
        return error;
      }
    }
    return error(words);
  }

  private static Optional<String> error(List<String> words) {
    try {
      Commands.commandLine().parseArgs(words.toArray(String[]::new));
      return Optional.empty();
    } catch (ParameterException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }
}
