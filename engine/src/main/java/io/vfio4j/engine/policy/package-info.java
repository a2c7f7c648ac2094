@NullMarked
package io.vfio4j.engine.policy;

import org.jspecify.annotations.NullMarked;
