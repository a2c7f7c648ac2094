// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.handover.VmmProcess.Use;
import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.DeviceException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** What happens while a VMM is replaced. Each case returns what has become of the device. */
final class ReplacementCases {

  private static final int HALF = TestVmm.MEMORY_SIZE / 2;

  private ReplacementCases() {
  }

  /** A case. */
  interface Case {
    String run(ReplacementScenario scenario) throws Exception;
  }

  /** Returns the cases that depend on the grace time: the owner is lost. */
  static Map<String, Case> losses() {
    Map<String, Case> cases = new LinkedHashMap<>();
    cases.put("the owner, and there is no candidate", ReplacementCases::loseOwner);
    cases.put("the owner, and the candidate would pass the check", ReplacementCases::loseOwnerWithCandidate);
    cases.put("the owner, and the candidate has not set itself up", ReplacementCases::loseOwnerTooEarly);
    cases.put("the new owner, and the old one is still connected", ReplacementCases::loseNewOwner);
    return cases;
  }

  /** Returns the other cases. */
  static Map<String, Case> others() {
    Map<String, Case> cases = new LinkedHashMap<>();
    cases.put("the candidate is killed before the handover", ReplacementCases::loseCandidate);
    cases.put("the old owner is killed after the handover", ReplacementCases::loseOldOwner);
    cases.put(
        "after the handover the old owner disables its interrupts, unmaps its memory, resets the device and "
            + "disconnects",
        ReplacementCases::cleanUp);
    cases.put("the old owner takes the device back (a second handover)", ReplacementCases::reclaim);
    cases.put("the owner hangs (SIGSTOP)", ReplacementCases::stopOwner);
    cases.put("the owner's guest runs", ReplacementCases::runOwner);
    cases.put("`--abort`", ReplacementCases::abort);
    cases.put("a second candidate connects", ReplacementCases::connectSecond);
    cases.put("the candidate has mapped half of the memory",
        scenario -> refuse(scenario, candidate -> candidate.setUp().remapFirstHalf()));
    cases.put("the candidate has mapped memory that is not the guest's", ReplacementCases::mapOtherMemory);
    cases.put("the candidate has not enabled an interrupt",
        scenario -> refuse(scenario,
            candidate -> candidate.mapMemory(TestVmm.MEMORY_SIZE, TestVmm.MEMORY_SIZE)));
    cases.put("the descriptor of the candidate's interrupt is not an eventfd",
        ReplacementCases::passFalseEventFd);
    return cases;
  }

  private static String loseOwner(ReplacementScenario scenario) throws Exception {
    try (VmmProcess owner = scenario.start(Use.TRAFFIC)) {
      owner.kill();
      return scenario.outcomeForNext();
    }
  }

  private static String loseOwnerWithCandidate(ReplacementScenario scenario) throws Exception {
    try (VmmProcess owner = scenario.start(Use.TRAFFIC);
        TestVmm candidate = scenario.connect().setUpInPieces()) {
      owner.kill();
      return scenario.outcome(candidate, "the candidate");
    }
  }

  private static String loseOwnerTooEarly(ReplacementScenario scenario) throws Exception {
    try (VmmProcess owner = scenario.start(Use.TRAFFIC); TestVmm candidate = scenario.connect()) {
      owner.kill();
      scenario.awaitOwner(candidate);
      return scenario.outcome(candidate.setUp(), "the candidate");
    }
  }

  private static String loseNewOwner(ReplacementScenario scenario) throws Exception {
    try (TestVmm old = scenario.connect().setUp().startTraffic();
        VmmProcess candidate = scenario.start(Use.SET_UP)) {
      scenario.handOver();
      candidate.kill();
      return scenario.outcome(old, "the old owner");
    }
  }

  private static String loseCandidate(ReplacementScenario scenario) throws Exception {
    try (TestVmm owner = scenario.connect().setUp().startTraffic();
        VmmProcess candidate = scenario.start(Use.SET_UP)) {
      candidate.kill();
      scenario.awaitNoCandidate();
      String outcome = scenario.outcome(owner, "the owner");
      // Another one may become the candidate.
      try (TestVmm next = scenario.connect().setUpInPieces()) {
        scenario.handOver();
        next.checkWorks();
      }
      return outcome;
    }
  }

  private static String loseOldOwner(ReplacementScenario scenario) throws Exception {
    try (VmmProcess old = scenario.start(Use.TRAFFIC);
        TestVmm candidate = scenario.connect().setUpInPieces()) {
      scenario.handOver();
      old.kill();
      scenario.awaitNoCandidate();
      return scenario.outcome(candidate, "the new owner");
    }
  }

  private static String cleanUp(ReplacementScenario scenario) throws Exception {
    try (TestVmm old = scenario.connect().setUp().startTraffic();
        TestVmm candidate = scenario.connect().setUpInPieces()) {
      scenario.handOver();
      old.tearDown();
      candidate.checkWorks();
      old.client().close();
      scenario.awaitNoCandidate();
      return scenario.outcome(candidate, "the new owner");
    }
  }

  private static String reclaim(ReplacementScenario scenario) throws Exception {
    try (TestVmm old = scenario.connect().setUp().startTraffic();
        TestVmm candidate = scenario.connect().setUpInPieces()) {
      scenario.handOver();
      candidate.checkWorks();
      scenario.handOver();
      return scenario.outcome(old, "the old owner");
    }
  }

  private static String stopOwner(ReplacementScenario scenario) throws Exception {
    try (VmmProcess owner = scenario.start(Use.TRAFFIC);
        TestVmm candidate = scenario.connect().setUpInPieces()) {
      owner.stop();
      scenario.handOver();
      return scenario.outcome(candidate, "the candidate");
    }
  }

  private static String runOwner(ReplacementScenario scenario) throws Exception {
    try (VmmProcess _ = scenario.start(Use.ACCESSES); TestVmm _ = scenario.connect().setUpInPieces()) {
      return scenario.refusal();
    }
  }

  private static String abort(ReplacementScenario scenario) throws Exception {
    try (TestVmm owner = scenario.connect().setUp().startTraffic();
        TestVmm candidate = scenario.connect().setUpInPieces()) {
      assertThat(scenario.run("--abort").exitCode()).isEqualTo(ExitCodes.SUCCESS);
      scenario.awaitNoCandidate();
      assertThatExceptionOfType(DeviceException.class).isThrownBy(candidate::isMarked);
      return scenario.outcome(owner, "the owner");
    }
  }

  private static String connectSecond(ReplacementScenario scenario) throws Exception {
    try (TestVmm owner = scenario.connect().setUp().startTraffic();
        TestVmm candidate = scenario.connect().setUpInPieces()) {
      assertThatExceptionOfType(DeviceException.class).isThrownBy(scenario::connect);
      String outcome = scenario.outcome(owner, "the owner");
      scenario.handOver();
      candidate.checkWorks();
      return "the second candidate is rejected; " + outcome;
    }
  }

  /** Sets a candidate up. */
  private interface Setup {
    void run(TestVmm candidate) throws IOException;
  }

  private static String refuse(ReplacementScenario scenario, Setup setup) throws Exception {
    try (TestVmm owner = scenario.connect().setUp().startTraffic(); TestVmm candidate = scenario.connect()) {
      setup.run(candidate);
      return refuse(scenario, owner);
    }
  }

  private static String refuse(ReplacementScenario scenario, TestVmm owner) throws Exception {
    String refusal = scenario.refusal();
    owner.checkWorks();
    return refusal;
  }

  private static String mapOtherMemory(ReplacementScenario scenario) throws Exception {
    try (TestVmm owner = scenario.connect().setUp().startTraffic();
        TestVmm _ = scenario.connect(scenario.newMemory("other")).setUp()) {
      return refuse(scenario, owner);
    }
  }

  private static String passFalseEventFd(ReplacementScenario scenario) throws Exception {
    try (TestVmm owner = scenario.connect().setUp().startTraffic();
        TestVmm candidate = scenario.connect().mapMemory(TestVmm.MEMORY_SIZE, TestVmm.MEMORY_SIZE);
        EventFd falseOne = EventFd.of(Memfd.create("false", HALF))) {
      candidate.enableTimer(falseOne);
      return refuse(scenario, owner);
    }
  }
}
