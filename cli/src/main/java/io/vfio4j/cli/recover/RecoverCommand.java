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
import picocli.CommandLine.Parameters;

/** The command {@code recover}. */
@Command(name = "recover", description = {"Resolve which side owns the devices of interrupted migrations.",
    "Without options, settle the migrations that the journals of this host can resolve, and list those that remain open with "
        + "the possible decisions. A command that holds the devices of a settled migration resumes or closes them.",
    "Exit code 0: no migration is open; 3: some are."}, footer = {"",
        "Examples:", "  vfio4j recover", "  On the target host, answer ownership queries until Ctrl-C:",
        "    vfio4j recover --answer unix:/tmp/ask.sock", "  On the source host, query the target:",
        "    vfio4j recover --ask unix:/tmp/ask.sock", "  Decide by hand, if the owner cannot be determined:",
        "    vfio4j recover --run-here 00112233445566778899aabbccddeeff",
        "  Resume a device that its server keeps in STOP since a command died:",
        "    vfio4j recover --resume vfio-user:/tmp/a.sock",
        "  List all migrations in the journals:", "    vfio4j recover --list"})
public final class RecoverCommand implements Callable<Integer> {

  private static final Duration PEER_TIMEOUT = Duration.ofSeconds(10);

  @Parameters(paramLabel = "MIGRATION", arity = "0..1", description = "ID of the migration (default: all).")
  private @Nullable String migration;

  @Option(names = "--ask", paramLabel = "ADDR", converter = TransportAddressConverter.class, description = "Query the target's host, where vfio4j recover --answer or receive listens: unix:PATH or tcp:HOST:PORT.")
  private @Nullable TransportAddress ask;

  @Option(names = "--answer", paramLabel = "ADDR", converter = TransportAddressConverter.class, description = "Answer ownership queries on ADDR until SIGTERM or Ctrl-C.")
  private @Nullable TransportAddress answer;

  @Option(names = "--run-here", description = "Run the devices of MIGRATION on this side. Refused (exit code 3) if they may be running on the other side; a source queries its target first, see --ask.")
  private boolean runHere;

  @Option(names = "--abandon", description = "Abandon the devices of MIGRATION on this side: reset those that run, then record the decision. Refused (exit code 3) if a device cannot be checked.")
  private boolean abandon;

  @Option(names = "--fenced", description = "With --run-here or --abandon: assert that devices that this host cannot check do not run (their host is off, or their servers have ended). Does not apply to devices that are known to run.")
  private boolean fenced;

  @Option(names = "--resume", paramLabel = "DEVICE", converter = DeviceAddressConverter.class, description = "Resume a device left stopped by a command that died while saving its state: vfio-user:PATH or control:PATH. May be repeated.")
  private List<DeviceAddress> resume = new ArrayList<>();

  @Option(names = "--discard", paramLabel = "DEVICE", converter = DeviceAddressConverter.class, description = "Reset such a device instead of resuming it; its state is lost. May be repeated.")
  private List<DeviceAddress> discard = new ArrayList<>();

  @Option(names = "--list", description = "List all migrations in the journals, including settled ones, without settling any.")
  private boolean list;

  @Option(names = "--prune", description = "Remove the journals of migrations settled more than --days ago. migrate, send and receive do so automatically after 90 days.")
  private boolean prune;

  @Option(names = "--days", paramLabel = "N", description = "Minimum age for --prune in days, at least 1 (default: 90).")
  private @Nullable Integer days;

  @Mixin
  private final StateDirOption stateDir = new StateDirOption();

  @Mixin
  private final PeerOptions peerOptions = new PeerOptions();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    boolean isDecision = runHere || abandon;
    long actions = Stream
        .of(ask != null && !isDecision, answer != null, runHere, abandon, !resume.isEmpty(),
            !discard.isEmpty(),
            list, prune)
        .filter(given -> given).count();
    if (actions > 1) {
      throw common.usageError(
          "--ask, --answer, --run-here, --abandon, --resume, --discard, --list and --prune are mutually exclusive");
    }
    if (days != null && (!prune || days < 1)) {
      throw common.usageError("--days requires --prune, and must be at least 1");
    }
    if (fenced && !isDecision) {
      throw common.usageError("--fenced requires --run-here or --abandon");
    }
    Optional<MigrationId> id = parseMigrationId();
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
      return recovery.list(id);
    }
    if (prune) {
      return recovery.prune(days == null ? StateDirOption.RETENTION_DAYS : days);
    }
    Optional<PeerEndpoint> target = ask == null ? Optional.empty()
        : Optional.of(new PeerEndpoint(ask, peerOptions.policy(ask, common.spec())));
    OwnershipResolver resolver = new OwnershipResolver(state, target);
    if (isDecision) {
      return recovery.decide(
          id.orElseThrow(
              () -> common.usageError("missing MIGRATION; run vfio4j recover to list the open ones")),
          runHere, fenced, resolver);
    }
    return recovery.settle(resolver, id);
  }

  private List<DeviceAddress> requireServed(List<DeviceAddress> devices) {
    for (DeviceAddress device : devices) {
      if (!(device instanceof DeviceAddress.VfioUser) && !(device instanceof DeviceAddress.Control)) {
        throw common.usageError(
            "%s: only a vfio-user server keeps a stopped device; expected vfio-user:PATH or control:PATH"
                .formatted(device));
      }
    }
    return devices;
  }

  private Optional<MigrationId> parseMigrationId() {
    try {
      return Optional.ofNullable(migration).map(MigrationId::parse);
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(common.spec(), e);
    }
  }

  private int answer(TransportAddress address, StateDirectory state) throws IOException {
    Output output = common.output();
    PeerPolicy policy = peerOptions.policy(address, common.spec());
    try (SignalInterrupt _ = SignalInterrupt.install();
        RejectionLog rejections = new RejectionLog(output);
        TransportListener listener = TransportListener.open(address, policy, rejections)) {
      output.line("answering on " + listener.address());
      output.result(Json.event("answering").with("address", listener.address().toString()).build());
      while (true) {
        try (Transport peer = Connections.acceptOpened(listener, PEER_TIMEOUT).control()) {
          answerQuery(peer, state, output);
        } catch (StalledException e) {
          // No peer connected within the timeout.
        }
      }
    } catch (InterruptedIOException e) {
      return ExitCodes.SUCCESS;
    }
  }

  private static void answerQuery(Transport peer, StateDirectory state, Output output)
      throws InterruptedIOException {
    try {
      OwnershipAnswerReporter.report(peer.peer(), OwnershipQuery.answer(peer, state, PEER_TIMEOUT), output);
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      // A peer that fails does not affect the next one.
      output.warning("could not answer a query: " + e.getMessage());
    }
  }

}
