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
 * The kernel's own devices, in a guest: a program there runs the checks, and each result becomes a test here. Its
 * observations are compared with the answers of another kernel.
 */
@ParameterizedClass
@EnumSource(VfioInterface.class)
record KernelDeviceIT(VfioInterface interfaces) {

  @RegisterExtension
  static final GuestExtension GUESTS = new GuestExtension();

  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  /** With the second, two devices may have 256 MiB of state each. */
  private int memoryMiB() {
    return interfaces == VfioInterface.GROUP ? 1024 : 2048;
  }

  @TestFactory
  Stream<DynamicNode> passesChecks() throws Exception {
    List<String> lines = new ArrayList<>();
    List<DynamicNode> tests = new ArrayList<>();
    try (Guest guest = GUESTS.bootVfio(interfaces, memoryMiB())) {
      guest.run(VfioGuests.checksCommand(interfaces, List.of()), TIMEOUT, lines::add);
    } catch (GuestException e) {
      // Results until then still count.
      tests.add(DynamicTest.dynamicTest("the program completes", () -> {
        throw e;
      }));
    }
    List<JsonObject> results = lines.stream().filter(line -> line.startsWith("{"))
        .map(line -> JsonParser.parseString(line).getAsJsonObject()).toList();
    tests.add(DynamicTest.dynamicTest("every check was run",
        () -> assertThat(verdictCount(results)).as("%s", lines).isPositive()
            .isEqualTo(plannedCount(results))));
    results.stream().filter(line -> line.has("check")).map(KernelDeviceIT::test).forEach(tests::add);
    tests.addAll(comparisons(results));
    return tests.stream();
  }

  private static int plannedCount(List<JsonObject> results) {
    return results.stream().filter(line -> line.has("checks")).mapToInt(line -> line.get("checks").getAsInt())
        .sum();
  }

  private static int verdictCount(List<JsonObject> results) {
    return Math.toIntExact(results.stream().filter(line -> line.has("check")).count());
  }

  private static DynamicTest test(JsonObject verdict) {
    return DynamicTest.dynamicTest(verdict.get("check").getAsString(),
        () -> assertThat(verdict.get("passed").getAsBoolean()).as("%s", verdict.get("reason")).isTrue());
  }

  private static List<DynamicNode> comparisons(List<JsonObject> results) throws IOException {
    OracleTable oracle = OracleTable.read();
    return Stream.of("row", "reset", "inject").<DynamicNode>map(
        kind -> DynamicContainer.dynamicContainer("oracle, " + kind,
            compare(oracle.answers(kind), observations(results, kind))))
        .toList();
  }

  private static Map<String, String> observations(List<JsonObject> results, String kind) {
    Map<String, String> observed = new HashMap<>();
    results.stream().filter(line -> line.has("kind") && line.get("kind").getAsString().equals(kind))
        .forEach(line -> observed.put(line.get("subject").getAsString(), line.get("actual").getAsString()));
    return observed;
  }

  private static Stream<DynamicTest> compare(Map<String, String> answers, Map<String, String> observed) {
    return answers.entrySet().stream().map(answer -> DynamicTest.dynamicTest(answer.getKey(),
        () -> assertThat(observed).containsEntry(answer.getKey(), answer.getValue())));
  }
}
