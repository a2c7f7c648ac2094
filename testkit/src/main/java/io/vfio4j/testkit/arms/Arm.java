// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.arms;

import static java.lang.constant.ConstantDescs.CD_List;
import static java.lang.constant.ConstantDescs.CD_Set;
import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import java.io.IOException;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A server from which one guard of the hand-over of a VMM's connection was removed: under load, a check must fail for it
 * that passes for the product. The guards are removed from class files, so the product cannot be told to run without one.
 */
public enum Arm {

  /** Nothing is removed. */
  GUARDED(List.of()),

  /** Messages of the VMM are served while a control client moves the device, up to CONNECTION_SURRENDER. */
  NO_HOLD(List.of(MethodPatch.prepend("io.vfio4j.vfiouser.server.Hold", "scope", (code, owner) -> {
    ClassDesc scope = owner.nested("Scope");
    code.aload(0).getfield(owner, "isStaged", CD_boolean)
        .aload(0).getfield(owner, "isSurrendered", CD_boolean).ior()
        .iconst_1().ixor()
        .ifThen(served -> served.getstatic(scope, "NOTHING", scope).areturn());
  }))),

  /** The new server's first interrupt is raised before its eventfd is installed. */
  KICK_BEFORE_LINE(List.of(
      MethodPatch.replace(Arm.IRQ_TABLE, "setIntxMasked", (code, owner) ->
      // isRestoring stays set, until the first interrupt.
      code.aload(0).iload(1).putfield(owner, Arm.INTX_MASKED, CD_boolean).return_()),
      MethodPatch.prepend(Arm.IRQ_TABLE, "trigger", (code, owner) -> code.aload(0)
          .getfield(owner, Arm.IS_RESTORING, CD_boolean)
          .ifThen(lost -> endRestore(lost, owner).return_())),
      MethodPatch.prepend(Arm.IRQ_TABLE, "fireIntx", (code, owner) -> code.aload(0)
          .getfield(owner, Arm.IS_RESTORING, CD_boolean)
          .aload(0).getfield(owner, "intxLevel", CD_boolean).iand()
          .aload(0).getfield(owner, Arm.INTX_MASKED, CD_boolean).iconst_1().ixor().iand()
          .ifThen(lost -> endRestore(lost, owner)
              .aload(0).iconst_1().putfield(owner, Arm.INTX_MASKED, CD_boolean).return_())))),

  /** INTx is raised at the new server, whatever its level. */
  INTX_UNCONDITIONAL(List.of(MethodPatch.replace(Arm.IRQ_TABLE, "setIntxMasked",
      (code, owner) -> endRestore(code, owner)
          .aload(0).iload(1).putfield(owner, Arm.INTX_MASKED, CD_boolean)
          .aload(0).iconst_0().iconst_0()
          .invokevirtual(owner, "trigger", MethodTypeDesc.of(CD_void, CD_int, CD_int)).return_()))),

  /** Messages that were received but not handled stay behind. */
  UNREAD_LEFT_BEHIND(List.of(
      MethodPatch.replace("io.vfio4j.vfiouser.wire.MessageReader", "unread", (code, _) -> returnNone(code)),
      MethodPatch.replace("io.vfio4j.vfiouser.wire.DeferredMessages", "unread",
          (code, _) -> returnNone(code)))),

  /** A control client does not wait for the replies to accesses to memory by message, which are not drained. */
  NO_DRAIN(List.of(
      MethodPatch.prepend(Arm.DMA_REQUESTS, "awaitReply", (code, owner) -> {
        ClassDesc access = owner.nested("PendingDmaAccess");
        ClassDesc channel = ClassDesc.of("io.vfio4j.vfiouser.wire.MessageChannel");
        ClassDesc reader = ClassDesc.of("io.vfio4j.vfiouser.wire.MessageReader");
        ClassDesc command = ClassDesc.of("io.vfio4j.vfiouser.wire.Command");
        code.aload(0).getfield(owner, "channel", channel)
            .invokevirtual(channel, "reader", MethodTypeDesc.of(reader))
            .invokevirtual(reader, "awaitBytes", MethodTypeDesc.of(CD_boolean))
            .iconst_1().ixor()
            // Data that was to be read would be missing, with or without a hand-over.
            .aload(1).getfield(access, "command", command)
            .getstatic(command, "DMA_WRITE", command)
            .invokevirtual(ConstantDescs.CD_Object, "equals",
                MethodTypeDesc.of(CD_boolean, ConstantDescs.CD_Object))
            .iand()
            .ifThen(summoned -> summoned
                .aload(1).iconst_1().putfield(access, "completed", CD_boolean)
                .aload(0).getfield(owner, "aborted", CD_Set)
                .aload(1).getfield(access, "id", CD_int)
                .invokestatic(ConstantDescs.CD_Integer, "valueOf",
                    MethodTypeDesc.of(ConstantDescs.CD_Integer, CD_int))
                .invokeinterface(CD_Set, "add",
                    MethodTypeDesc.of(CD_boolean, ConstantDescs.CD_Object))
                .pop().return_());
      }),
      MethodPatch.replace(Arm.DMA_REQUESTS, "hasAborted", (code, _) -> code.iconst_0().ireturn())));

  private static final String IRQ_TABLE = "io.vfio4j.vfiouser.irq.IrqTable";
  private static final String DMA_REQUESTS = "io.vfio4j.vfiouser.server.DmaAccessRequests";
  private static final String INTX_MASKED = "intxMasked";
  private static final String IS_RESTORING = "isRestoring";

  @SuppressWarnings("ImmutableEnumChecker") // A list that is never changed.
  private final List<MethodPatch> patches;

  Arm(List<MethodPatch> patches) {
    this.patches = patches;
  }

  private static CodeBuilder endRestore(CodeBuilder code, ClassDesc owner) {
    return code.aload(0).iconst_0().putfield(owner, IS_RESTORING, CD_boolean);
  }

  private static void returnNone(CodeBuilder code) {
    code.invokestatic(CD_List, "of", MethodTypeDesc.of(CD_List), true).areturn();
  }

  /**
   * Returns the class files that differ from those of the product, by name, as in {@code java/lang/Object.class}.
   *
   * @param product the module that has the guards
   * @throws IllegalStateException if a guard is not where it was: the patch must follow it
   */
  public Map<String, byte[]> classFiles(Module product) throws IOException {
    Map<String, byte[]> changed = new LinkedHashMap<>();
    for (MethodPatch patch : patches) {
      byte[] before = changed.get(patch.resource());
      changed.put(patch.resource(),
          patch.apply(before != null ? before : patch.read(product), product.getClassLoader()));
    }
    return changed;
  }

  /**
   * Writes the class files below a folder, which {@code --patch-module} then names.
   *
   * @throws IllegalStateException if a guard is not where it was
   */
  public void write(Module product, Path folder) throws IOException {
    for (Map.Entry<String, byte[]> file : classFiles(product).entrySet()) {
      Path path = folder.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.write(path, file.getValue());
    }
  }
}
