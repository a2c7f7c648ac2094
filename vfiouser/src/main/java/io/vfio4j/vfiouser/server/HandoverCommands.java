// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.command.CommandHandlers;
import io.vfio4j.vfiouser.command.CommandTable;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.Structs.Handover;
import io.vfio4j.vfiouser.wire.Structs.HandoverInfo;
import java.util.Optional;

/** HANDOVER_INFO and HANDOVER. */
final class HandoverCommands implements CommandHandlers {

  private final VmmSlot vmm;

  HandoverCommands(VmmSlot vmm) {
    this.vmm = vmm;
  }

  @Override
  public void register(CommandTable table) {
    table.put(Command.HANDOVER_INFO, this::info);
    table.put(Command.HANDOVER, this::handOver);
  }

  private VmmReplacement replacement() throws ErrnoException {
    return vmm.replacement().orElseThrow(() -> new ErrnoException(Errno.EOPNOTSUPP,
        "the server was started without --handover, and admits no second VMM"));
  }

  private void info(Request request, Reply reply) throws ErrnoException {
    request.requireSize(HandoverInfo.REQUEST_SIZE);
    ControlCommands.requireRoom(request, HandoverInfo.SIZE);
    if (request.u32(HandoverInfo.FLAGS) != 0) {
      throw new ErrnoException(Errno.EINVAL, "HANDOVER_INFO with flags");
    }
    VmmReplacement replacement = replacement();
    Optional<ParkedFacts> candidate = replacement.candidate();
    reply.size(HandoverInfo.SIZE).u32(0, HandoverInfo.SIZE)
        .u32(HandoverInfo.FLAGS, (candidate.isPresent() ? HandoverInfo.CANDIDATE : 0)
            | (replacement.isOrphaned() ? HandoverInfo.ORPHANED : 0))
        .u64(HandoverInfo.EPOCH, vmm.epoch()).u64(HandoverInfo.GRACE, replacement.grace().toNanos())
        .u64(HandoverInfo.TOKEN, candidate.map(facts -> facts.vmm().token()).orElse(0L))
        .u64(HandoverInfo.CONNECTED_SINCE, candidate.map(facts -> facts.vmm().connectedSince()).orElse(0L))
        .u32(HandoverInfo.PID, candidate.map(facts -> facts.vmm().pid()).orElse(0))
        .u32(HandoverInfo.UID, candidate.map(facts -> facts.vmm().uid()).orElse(0))
        .u32(HandoverInfo.MAPPINGS, candidate.map(ParkedFacts::mappings).orElse(0))
        .u32(HandoverInfo.IRQS, candidate.map(ParkedFacts::irqs).orElse(0))
        .u64(HandoverInfo.MAPPED_BYTES, candidate.map(ParkedFacts::mappedBytes).orElse(0L));
  }

  private void handOver(Request request, Reply reply) throws ErrnoException {
    request.requireSize(Handover.REQUEST_SIZE);
    ControlCommands.requireRoom(request, Handover.SIZE);
    int flags = request.u32(Handover.FLAGS);
    long token = request.u64(Handover.TOKEN);
    VmmReplacement replacement = replacement();
    long took = 0;
    switch (flags) {
      case 0 -> took = replacement.handOver(token);
      case Handover.DRY_RUN -> replacement.preflight(token);
      case Handover.ABORT -> replacement.abort(token);
      default ->
        throw new ErrnoException(Errno.EINVAL, "HANDOVER with flags 0x" + Integer.toHexString(flags));
    }
    // A handover is counted when the new owner is first served, which is after this reply.
    reply.size(Handover.SIZE).u32(0, Handover.SIZE).u32(Handover.FLAGS, flags).u64(Handover.TOKEN, token)
        .u64(Handover.EPOCH, vmm.epoch() + (flags == 0 ? 1 : 0)).u64(Handover.TOOK, took);
  }
}
