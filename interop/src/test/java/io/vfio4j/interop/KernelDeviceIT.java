// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Devices of the kernel itself, inside of a guest: a program there makes the checks, one after the other, and what it
 * tells of each becomes a test here.
 */
@ParameterizedClass
@EnumSource(VfioInterface.class)
record KernelDeviceIT(VfioInterface which) {

  @RegisterExtension
  static final GuestLab LAB = new GuestLab();

  private static final String PROGRAM = "io.vfio4j.interop/io.vfio4j.interop.checks.Main";
  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final int MEMORY_MIB = 1024;

  @TestFactory
  Stream<DynamicTest> checks() throws Exception {
    List<String> lines = new ArrayList<>();
    List<DynamicTest> tests = new ArrayList<>();
    try (Guest guest = LAB.bootVfio(which, MEMORY_MIB)) {
      guest.run(VfioLab.java(PROGRAM, which.name()), PATIENCE, lines::add);
    } catch (GuestException e) {
      tests.add(DynamicTest.dynamicTest("the program ends", () -> {
        throw e;
      }));
    }
    List<JsonObject> said = lines.stream().filter(line -> line.startsWith("{"))
        .map(line -> JsonParser.parseString(line).getAsJsonObject()).toList();
    tests.add(DynamicTest.dynamicTest("every check is made", () -> assertThat(made(said)).as("%s", lines)
        .isPositive().isEqualTo(planned(said))));
    said.stream().filter(line -> line.has("check")).map(KernelDeviceIT::test).forEach(tests::add);
    return tests.stream();
  }

  private static int planned(List<JsonObject> said) {
    return said.stream().filter(line -> line.has("checks")).mapToInt(line -> line.get("checks").getAsInt())
        .sum();
  }

  private static int made(List<JsonObject> said) {
    return Math.toIntExact(said.stream().filter(line -> line.has("check")).count());
  }

  private static DynamicTest test(JsonObject verdict) {
    return DynamicTest.dynamicTest(verdict.get("check").getAsString(),
        () -> assertThat(verdict.get("passed").getAsBoolean()).as("%s", verdict.get("why")).isTrue());
  }
}
