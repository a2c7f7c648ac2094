// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.SignalInterrupt;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.DeviceAddressConverter;
import io.vfio4j.cli.peer.OwnershipAnswerReporter;
import io.vfio4j.cli.peer.PeerEndpoint;
import io.vfio4j.cli.peer.PeerOptions;
import io.vfio4j.cli.peer.RejectionLog;
import io.vfio4j.cli.peer.TransportAddressConverter;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.migration.OwnershipQuery;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.engine.transport.TransportListener;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

@Command(name = "recover", description = {"Tell who owns the devices of migrations that were cut short.",
    "Without options it settles what the journals of this machine say, and lists what is open. A command that holds "
        + "devices of such a migration hears of it at once, and lets them run or lets go of them.",
    "Exit code 0: nothing is open; 3: something is, and what to do about it is told."}, footer = {"",
        "Examples:", "  vfio4j recover", "  At the host that received: answer whoever asks, until Ctrl-C:",
        "    vfio4j recover --answer unix:/tmp/ask.sock", "  At the host that sent:",
        "    vfio4j recover --ask unix:/tmp/ask.sock", "  Where nobody can know, a person decides:",
        "    vfio4j recover --run-here 00112233445566778899aabbccddeeff",
        "  Where a command died, its server keeps the device in STOP:",
        "    vfio4j recover --resume vfio-user:/tmp/a.sock",
        "  What became of all the migrations that the journals tell of:", "    vfio4j recover --list"})
public final class RecoverCommand implements Callable<Integer> {

  private static final Duration PEER_TIMEOUT = Duration.ofSeconds(10);

  @Parameters(paramLabel = "MIGRATION", arity = "0..1", description = "The migration, as the list names it (default: all).")
  private @Nullable String migration;

  @Option(names = "--ask", paramLabel = "ADDR", converter = TransportAddressConverter.class, description = "Ask the target's host, where vfio4j recover --answer listens.")
  private @Nullable TransportAddress ask;

  @Option(names = "--answer", paramLabel = "ADDR", converter = TransportAddressConverter.class, description = "Answer such questions there, until SIGTERM or Ctrl-C.")
  private @Nullable TransportAddress answer;

  @Option(names = "--run-here", description = "Let the devices of MIGRATION run on this side. Refused (exit code 3) while they may run on the other: a source asks its target first, see --ask.")
  private boolean runHere;

  @Option(names = "--give-up", description = "They are not to run on this side: those that do are reset, and only then it is recorded. Refused (exit code 3) if one cannot be checked.")
  private boolean abandon;

  @Option(names = "--fenced", description = "With --run-here or --give-up: what this host cannot check does not run, as you made sure of (the host is off, or its servers have ended). What is found to run is never passed over.")
  private boolean fenced;

  @Option(names = "--resume", paramLabel = "DEVICE", converter = DeviceAddressConverter.class, description = "Let a device run that stands still since a command died that was taking its state: vfio-user:PATH. May be given several times.")
  private List<DeviceAddress> resume = new ArrayList<>();

  @Option(names = "--discard", paramLabel = "DEVICE", converter = DeviceAddressConverter.class, description = "Reset such a device instead; its state is lost.")
  private List<DeviceAddress> discard = new ArrayList<>();

  @Option(names = "--list", description = "Tell of all migrations that the journals know, settled ones too; settle nothing.")
  private boolean list;

  @Option(names = "--prune", description = "Remove the journals of migrations that were settled long ago. Migrations do so too, after 90 days.")
  private boolean prune;

  @Option(names = "--days", paramLabel = "N", description = "How long ago, for --prune, at least 1 (default: 90).")
  private @Nullable Integer days;

  @Mixin
  private final StateDirOption stateDir = new StateDirOption();

  @Mixin
  private final PeerOptions peerOptions = new PeerOptions();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    boolean asksFirst = runHere || abandon;
    long ways = Stream
        .of(ask != null && !asksFirst, answer != null, runHere, abandon, !resume.isEmpty(),
            !discard.isEmpty(),
            list, prune)
        .filter(given -> given).count();
    if (ways > 1) {
      throw usageError(
          "give one of --ask, --answer, --run-here, --give-up, --resume, --discard, --list and --prune");
    }
    if (days != null && (!prune || days < 1)) {
      throw usageError("--days is for --prune, and at least 1");
    }
    if (fenced && !asksFirst) {
      throw usageError("--fenced is for --run-here and --give-up");
    }
    Optional<MigrationId> session = parseMigrationId();
    StateDirectory state = stateDir.open();
    if (answer != null) {
      return answer(answer, state);
    }
    JournalRecovery recovery = new JournalRecovery(state, common.output());
    if (!resume.isEmpty()) {
      return recovery.resume(requireServed(resume));
    }
    if (!discard.isEmpty()) {
      return recovery.discard(requireServed(discard));
    }
    if (list) {
      return recovery.list(session);
    }
    if (prune) {
      return recovery.prune(days == null ? StateDirOption.RETENTION_DAYS : days);
    }
    Optional<PeerEndpoint> whom = ask == null ? Optional.empty()
        : Optional.of(new PeerEndpoint(ask, peerOptions.policy(ask, common.spec())));
    OwnershipResolver oracle = new OwnershipResolver(state, whom);
    if (asksFirst) {
      return recovery.decide(
          session.orElseThrow(() -> usageError("say which MIGRATION; vfio4j recover lists them")),
          runHere, fenced, oracle);
    }
    return recovery.settle(oracle, session);
  }

  private List<DeviceAddress.VfioUser> requireServed(List<DeviceAddress> devices) {
    List<DeviceAddress.VfioUser> served = new ArrayList<>();
    for (DeviceAddress device : devices) {
      if (!(device instanceof DeviceAddress.VfioUser address)) {
        throw usageError("%s: only a server keeps the state of a device (vfio-user:PATH)".formatted(device));
      }
      served.add(address);
    }
    return served;
  }

  private Optional<MigrationId> parseMigrationId() {
    try {
      return Optional.ofNullable(migration).map(MigrationId::parse);
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(common.spec(), e);
    }
  }

  private int answer(TransportAddress where, StateDirectory state) throws IOException {
    Output output = common.output();
    PeerPolicy policy = peerOptions.policy(where, common.spec());
    try (SignalInterrupt _ = SignalInterrupt.install();
        RejectionLog refusals = new RejectionLog(output);
        TransportListener listener = TransportListener.open(where, policy, refusals)) {
      output.line("answering on " + listener.address());
      output.result(Json.event("answering").with("address", listener.address().toString()).build());
      while (true) {
        try (Transport asker = Connections.acceptOpened(listener, PEER_TIMEOUT).control()) {
          answerQuestion(asker, state, output);
        } catch (StalledException e) {
          // Nobody has a question now.
        }
      }
    } catch (InterruptedIOException e) {
      return ExitCodes.SUCCESS;
    }
  }

  private static void answerQuestion(Transport asker, StateDirectory state, Output output)
      throws InterruptedIOException {
    try {
      OwnershipAnswerReporter.report(asker.peer(), OwnershipQuery.answer(asker, state, PEER_TIMEOUT), output);
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      // One who asks nothing, or leaves, does not keep the next from asking.
      output.warning("vfio4j: a question was not answered: " + e.getMessage());
    }
  }

  private ParameterException usageError(String message) {
    return new ParameterException(common.spec().commandLine(), message);
  }
}
