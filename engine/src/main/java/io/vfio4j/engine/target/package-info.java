@NullMarked
package io.vfio4j.engine.target;

import org.jspecify.annotations.NullMarked;
