// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Devices of the kernel itself, inside of a guest: a program there makes the checks, one after the other, and what it
 * tells of each becomes a test here. What it observes is compared with what another kernel answered.
 */
@ParameterizedClass
@EnumSource(VfioInterface.class)
record KernelDeviceIT(VfioInterface which) {

  @RegisterExtension
  static final GuestExtension GUESTS = new GuestExtension();

  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  /** With the second the state of a device may have 256 MiB, of which there are two. */
  private int memoryMiB() {
    return which == VfioInterface.GROUP ? 1024 : 2048;
  }

  @TestFactory
  Stream<DynamicNode> passesChecks() throws Exception {
    List<String> lines = new ArrayList<>();
    List<DynamicNode> tests = new ArrayList<>();
    try (Guest guest = GUESTS.bootVfio(which, memoryMiB())) {
      guest.run(VfioGuests.checksCommand(which, List.of()), TIMEOUT, lines::add);
    } catch (GuestException e) {
      // What was told until then counts all the same.
      tests.add(DynamicTest.dynamicTest("the program ends", () -> {
        throw e;
      }));
    }
    List<JsonObject> said = lines.stream().filter(line -> line.startsWith("{"))
        .map(line -> JsonParser.parseString(line).getAsJsonObject()).toList();
    tests.add(DynamicTest.dynamicTest("every check is made",
        () -> assertThat(verdictCount(said)).as("%s", lines).isPositive().isEqualTo(plannedCount(said))));
    said.stream().filter(line -> line.has("check")).map(KernelDeviceIT::test).forEach(tests::add);
    tests.addAll(comparisons(said));
    return tests.stream();
  }

  private static int plannedCount(List<JsonObject> said) {
    return said.stream().filter(line -> line.has("checks")).mapToInt(line -> line.get("checks").getAsInt())
        .sum();
  }

  private static int verdictCount(List<JsonObject> said) {
    return Math.toIntExact(said.stream().filter(line -> line.has("check")).count());
  }

  private static DynamicTest test(JsonObject verdict) {
    return DynamicTest.dynamicTest(verdict.get("check").getAsString(),
        () -> assertThat(verdict.get("passed").getAsBoolean()).as("%s", verdict.get("why")).isTrue());
  }

  private static List<DynamicNode> comparisons(List<JsonObject> said) throws IOException {
    OracleTable oracle = OracleTable.read();
    return Stream.of("row", "reset", "inject").<DynamicNode>map(
        kind -> DynamicContainer.dynamicContainer("oracle, " + kind,
            compare(oracle.answers(kind), observations(said, kind))))
        .toList();
  }

  private static Map<String, String> observations(List<JsonObject> said, String kind) {
    Map<String, String> seen = new HashMap<>();
    said.stream().filter(line -> line.has("observed") && line.get("observed").getAsString().equals(kind))
        .forEach(line -> seen.put(line.get("what").getAsString(), line.get("seen").getAsString()));
    return seen;
  }

  private static Stream<DynamicTest> compare(Map<String, String> answers, Map<String, String> seen) {
    return answers.entrySet().stream().map(answer -> DynamicTest.dynamicTest(answer.getKey(),
        () -> assertThat(seen).containsEntry(answer.getKey(), answer.getValue())));
  }
}
