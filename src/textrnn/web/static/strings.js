// Every word of the page. A value is a string, or a function of what it speaks of.
export const STRINGS = {
  en: {
    other_language: "中文",
    title: "How a recurrent network reads a headline",
    lead: "Type one and see what the network says, which characters decide, and what its memory holds at each of them.",
    model: "Model",
    about_model: ({ limits, licence, difference, num_texts: texts }) =>
      [
        limits,
        licence && `Licence: ${licence}.`,
        texts && `Weights of 16 bits: no probability more than ${difference.toPrecision(2)} off on ${texts} drawn texts.`,
      ]
        .filter(Boolean)
        .join(" "),
    mode: "Read",
    one: "one headline",
    two: "two, side by side",
    headline: (number, two) => (two ? `Headline ${number}` : "Headline"),
    examples: "Examples",
    options: "What is shown",
    left_out: "without it",
    kind: "Inside the LSTM",
    direction: "Reading",
    forward: "forward, from the start",
    backward: "backward, from the end",
    order: "Units by",
    orders: { adds: "what they add to the answer", moves: "how much they move" },
    count: "How many",
    all: "all",
    layer: (name, direction) => `${name}: ${direction}`,
    kinds: {
      input_gate: ["input gate", "How much of what is new goes into the memory: 0 nothing, 1 all of it."],
      forget_gate: ["forget gate", "How much of the memory is kept: 0 nothing, 1 all of it."],
      output_gate: ["output gate", "How much of the memory is shown to the rest of the network: 0 nothing, 1 all of it."],
      candidate: ["candidate", "What the character would write into the memory, from −1 to 1."],
      cell: ["cell (memory)", "What the memory holds after each character."],
      output: ["output", "What the rest of the network sees after each character, from −1 to 1."],
    },
    labels: {},
    so_far: "Bar: the text read so far. Mark: the whole text.",
    slider: "Read up to here",
    bars: "Probability of each class",
    deciding: (label) => `Characters: above the line it speaks for ${label}, below against`,
    heat: (kind, by) => `${kind} of the units that ${by === "adds" ? "add most to the answer" : "move most"}`,
    lines: "Memory (cell) of four of them as it grows",
    lines_backward: "Memory (cell) of four of them as it grows, read from the end",
    unit: (number) => `unit ${number}`,
    take_out: "Take this character out",
    swap: "Swap it with the next",
    cell_of: (unit, character, place, total) => `The cell of unit ${unit} at “${character}”, character ${place} of ${total}`,
    unit_choice: "Unit",
    cell_lead: "Click a row above, or choose a unit. Move the slider to see another character.",
    cell_picture: (n) =>
      `Four inputs, three gates, one memory, one output. Memory: ${n.f} times ${n.before} plus ${n.i} times ${n.g} is ${n.c}. Output: ${n.o} times ${n.tanh} is ${n.h}.`,
    cell_sums: (n) =>
      `c = forget gate ${n.f} × memory before ${n.before} + input gate ${n.i} × candidate ${n.g} = ${n.c}; h = output gate ${n.o} × tanh(c) ${n.tanh} = ${n.h}`,
    memory: "memory c",
    z_button: (name, value, gate) => `${name} ${value}: the sum behind the ${gate}`,
    open_z: "Click one of the four z in the picture: it opens the sum behind it.",
    sum_of: (name, gate) => `${name} of the ${gate}: what it is the sum of`,
    sum_heads: ["term", "value × weight", "adds"],
    bias: "bias: with nothing read at all",
    rest: (count) => `the other ${count} terms together`,
    ngram: (order, text, known) => {
      const kind = order === 1 ? "" : `the ${order} characters `;
      if (text === null) return `${kind}(fewer stand here)`;
      return `${kind}“${text}”${known ? "" : " (not in the vocabulary)"}`;
    },
    term: (kind, what, label) =>
      ({
        vector: `learnt vector of ${what}`,
        evidence: `how far ${what} points to ${label} (training counts)`,
        seen: `how often training saw ${what}`,
      })[kind],
    group: (number) => `group ${number} of the classes`,
    term_unit: (kind, unit) => (kind === "state" ? `unit ${unit}, its output one step before` : `unit ${unit} of the layer below`),
    what_if: "What if …",
    what_if_lead: "Change a gate of this unit at this character by hand, and see what becomes of the rest and of the answer.",
    by_hand: " (* set by hand)",
    undo: "Undo all changes",
    no_change: "Nothing is changed yet.",
    changed: (unit, character, gate, value) => `unit ${unit} at “${character}”: ${gate} = ${value}`,
    effect: (changes, before, was, after, is, log) =>
      `With ${changes.join("; ")} the network says ${after} ${is}. Without: ${before} ${was}. The logarithm of the probability of ${before} changes by ${log}.`,
    remembers: "What it still remembers",
    remembers_lead:
      "Choose a character with the slider above, or click one: on which others does the memory there hang? This is measured by removal: each character is taken out in turn, the network reads the rest again, and its bar says how far the memory at the chosen character moves. “Reading” above switches between the two directions.",
    hangs_all: (character, units) =>
      `All ${units} units together: how far the memory at “${character}” moves without each character, in lengths of that memory`,
    hangs_unit: (character, unit) => `Unit ${unit} alone: what its memory at “${character}” loses without each character`,
    hangs_most: (here, most, share) =>
      `At “${here}” the memory hangs most on “${most}”, the character itself aside: without it the memory moves by ${share} of its length. `,
    hangs_far: (name, distance) =>
      `The furthest one that moves it by a tenth or more is “${name}”, ${distance === 1 ? "next to it" : `${distance} characters away`}.`,
    hangs_none: "No other character moves it by a tenth.",
    remembers_by_hand: "This is about the headline as it is, without the gates that you set by hand.",
    remembers_misleads:
      "Where this misleads: without a character its neighbours form new n-grams, and the rest is a text that nobody wrote; the bars count that too, so even a character that is not read yet can have one. Two characters that say the same stand in for each other: each alone seems to count for nothing. What the memory holds need not reach the answer. And the headlines above are extremes of one data set: they show when a unit moves most, not what it means; what three of them share may be chance.",
    remembers_credit:
      "The idea of showing on what a memory hangs is from Andreas Madsen, Visualizing memorization in RNNs (Distill, 2019), who took gradients of the answer.",
    movers: (unit) => `Headlines that move unit ${unit} most`,
    movers_lead: (source, read, total) =>
      `From ${source}, ${read === total ? `all ${total} texts` : `${read} of ${total} texts, copies read once`}. Click one, and it is read here.`,
    movers_up: "Its memory is highest",
    movers_down: "Its memory is lowest",
    movers_at: (character) => `at “${character}”`,
    movers_none: "It never gets to this side of 0.",
    no_movers: "This page was made without data, so it knows none. To make one that does: textrnn page MODEL --data FILE --out page.html",
    numbers: "The numbers",
    character: "character",
    readout: (place, total, prefix, label, share, character, weight, whole) =>
      `After ${place} of ${total} characters, “${prefix}”: ${label} ${share}. “${character}” counts ${weight} for ${whole}.`,
    steady: (label) => `It says ${label} from the first character on.`,
    changes: (steps) => `Its first choice on the way: ${steps.map(([text, label]) => `“${text}” ${label}`).join(", then ")}.`,
    verdict: (label, share) => `${label}, ${share}`,
    compared: (same, one, two) =>
      `${same ? "The same characters in another order: " : ""}${one} and ${two}.`,
    cut: (shown, total) =>
      `The network reads ${shown} characters at a time. The answer is that of all ${total}, in parts; what is shown below is the first ${shown}.`,
    as_read: "Shown as the network reads it: full width as half width, capitals as small letters, several spaces as one.",
    failed: (error) => `This page needs a browser of 2023 or later, and all of its file: ${error}`,
    guide: "What is what",
    guide_entries: [
      ["without it", "What the logarithm of the probability loses when the character is taken out and the network reads the rest again."],
      ["units by what they add", "Each LSTM has many units. What a unit adds is its share of the answer's score, above its mean over all classes; the number stands right of its row."],
      ["units by how much they move", "Those whose memory changes most over the headline; the number is the way it goes, up and down together."],
      ["z, w, u", "z is a sum: a bias, what the network reads (values times weights w), and the outputs of all units one step before (times weights u). A gate is σ(z), between 0 and 1; the candidate is tanh(z)."],
      ["what a picture cannot say", "Taking a character out also changes the n-grams around it, and the rest is a text that nobody wrote. A unit alone explains little: many do the same work. A gate set by hand can take values that no text brings about."],
      ["the address", "It holds what you see. Send it to others who have this page, and they see the same."],
      ["backward", "The other half of the network reads from the end: at a character it knows what stands there and to the right."],
      ["slider", "Arrow keys move it, or point at a character. The bars then show what the network says of the text up to there."],
    ],
    errors: {
      empty: () => "Type a headline: there is nothing to read yet.",
      too_long: (most, length) => `That is ${length} characters; at most ${most} are read here. For longer texts, use textrnn predict.`,
      surrogate: () => "There is half a character in this text (half of a surrogate pair). Type or paste it again.",
    },
  },
  zh: {
    other_language: "English",
    title: "循环神经网络如何读标题",
    lead: "输入一条新闻标题，看网络给出什么判断、哪些字起了作用，以及每读一个字之后它记住了什么。",
    model: "模型",
    about_model: ({ limits, licence, difference, num_texts: texts }) =>
      [
        limits,
        licence && `许可：${licence}。`,
        texts && `权重为 16 位：在 ${texts} 条随机文本上，概率最多相差 ${difference.toPrecision(2)}。`,
      ]
        .filter(Boolean)
        .join(" "),
    mode: "阅读方式",
    one: "一条标题",
    two: "两条对比",
    headline: (number, two) => (two ? `标题 ${number}` : "标题"),
    examples: "示例",
    options: "显示内容",
    left_out: "去掉该字",
    kind: "LSTM 内部",
    direction: "阅读方向",
    forward: "正向（从头到尾）",
    backward: "反向（从尾到头）",
    order: "单元排序",
    orders: { adds: "按对答案的贡献", moves: "按变化幅度" },
    count: "显示个数",
    all: "全部",
    layer: (name, direction) => `${name}：${direction}`,
    kinds: {
      input_gate: ["输入门", "新内容有多少写入记忆：0 不写入，1 全部写入。"],
      forget_gate: ["遗忘门", "原有记忆保留多少：0 全部忘掉，1 全部保留。"],
      output_gate: ["输出门", "记忆有多少提供给网络的其余部分：0 不提供，1 全部提供。"],
      candidate: ["候选值", "这个字想写入记忆的内容，取值从 −1 到 1。"],
      cell: ["细胞状态（记忆）", "每读完一个字，记忆里存着什么。"],
      output: ["输出", "每读完一个字，网络其余部分看到什么，取值从 −1 到 1。"],
    },
    labels: {
      education: "教育", entertainment: "娱乐", finance: "财经", game: "游戏", politics: "时政",
      realty: "房产", science: "科技", society: "社会", sports: "体育", stocks: "股票",
    },
    so_far: "条形：读到此处的判断；竖线：读完全文的判断。",
    slider: "读到这里",
    bars: "各类别的概率",
    deciding: (label) => `各字的作用：线上支持“${label}”，线下反对`,
    heat: (kind, by) => `${by === "adds" ? "对答案贡献最大的单元" : "变化最大的单元"}：${kind}`,
    lines: "其中四个单元的记忆（细胞状态）如何形成",
    lines_backward: "其中四个单元的记忆（细胞状态）如何形成（从尾读起）",
    unit: (number) => `单元 ${number}`,
    take_out: "去掉这个字",
    swap: "与下一个字交换",
    cell_of: (unit, character, place, total) => `单元 ${unit} 读到“${character}”时的内部（第 ${place} 个字，共 ${total} 个）`,
    unit_choice: "单元",
    cell_lead: "点击上面的一行，或在这里选择一个单元；移动滑块可以看别的字。",
    cell_picture: (n) =>
      `四个输入、三个门、一个记忆、一个输出。记忆：${n.f} 乘 ${n.before} 加 ${n.i} 乘 ${n.g} 等于 ${n.c}。输出：${n.o} 乘 ${n.tanh} 等于 ${n.h}。`,
    cell_sums: (n) =>
      `c = 遗忘门 ${n.f} × 之前的记忆 ${n.before} + 输入门 ${n.i} × 候选值 ${n.g} = ${n.c}；h = 输出门 ${n.o} × tanh(c) ${n.tanh} = ${n.h}`,
    memory: "记忆 c",
    z_button: (name, value, gate) => `${name} ${value}：${gate}由它算出，展开求和`,
    open_z: "点击图中四个 z 之一，就能看到它是由哪些项相加得到的。",
    sum_of: (name, gate) => `${gate}的 ${name} 由哪些项相加`,
    sum_heads: ["项", "数值 × 权重", "贡献"],
    bias: "偏置：什么都没读时的值",
    rest: (count) => `其余 ${count} 项之和`,
    ngram: (order, text, known) => {
      const kind = order === 1 ? "" : `${order} 字组合`;
      if (text === null) return `${kind}（前面字数不够）`;
      return `${kind}“${text}”${known ? "" : "（词表中没有）"}`;
    },
    term: (kind, what, label) =>
      ({
        vector: `${what}学到的向量`,
        evidence: `${what}在训练集中指向“${label}”的程度`,
        seen: `${what}在训练集中出现的次数`,
      })[kind],
    group: (number) => `第 ${number} 组类别`,
    term_unit: (kind, unit) => (kind === "state" ? `单元 ${unit} 上一步的输出` : `下一层的单元 ${unit}`),
    what_if: "如果……",
    what_if_lead: "手动改变这个单元读到这个字时的门，看后面的内容和答案会怎样变化。",
    by_hand: "（* 手动设置）",
    undo: "撤销全部改动",
    no_change: "还没有改动。",
    changed: (unit, character, gate, value) => `单元 ${unit} 在“${character}”处：${gate} = ${value}`,
    effect: (changes, before, was, after, is, log) =>
      `改动（${changes.join("；")}）之后，网络判断为${after}（${is}）；改动之前为${before}（${was}）。${before}的概率的对数变化 ${log}。`,
    remembers: "它还记得什么",
    remembers_lead:
      "用上面的滑块选一个字，或直接点击它：读到这里时，记忆依赖哪些字？这里用“去掉”来衡量：依次去掉每个字，让网络重读其余部分，条形表示所选的字处的记忆因此变化多少。用上面的“阅读方向”切换正向和反向。",
    hangs_all: (character, units) => `全部 ${units} 个单元合计：去掉各字之后，“${character}”处的记忆变化多少（以该处记忆的长度为 1）`,
    hangs_unit: (character, unit) => `只看单元 ${unit}：去掉各字之后，它在“${character}”处的记忆减少多少`,
    hangs_most: (here, most, share) => `在“${here}”处，除这个字本身以外，记忆最依赖“${most}”：去掉它，记忆的变化是自身长度的 ${share} 倍。`,
    hangs_far: (name, distance) => `还能让记忆变化一成以上的字中，最远的是“${name}”，${distance === 1 ? "就在旁边" : `相距 ${distance} 个字`}。`,
    hangs_none: "其他字都不能让它变化一成。",
    remembers_by_hand: "这里显示的是标题本来的样子，不包括手动改动的门。",
    remembers_misleads:
      "这些图可能造成误解：去掉一个字，旁边的字就连成了新的字组合，剩下的是没有人写过的文字，这些影响也算进了条形，所以连还没有读到的字也可能有条形。意思相同的两个字会互相顶替，单独去掉哪一个都显得无关紧要。记忆里有的，不一定影响答案。上面列出的标题是某一个数据集里的极端例子：它们说明这个单元什么时候变化最大，不说明它的含义；三条标题的共同点可能只是巧合。",
    remembers_credit: "“记忆依赖哪些字”这种图的想法来自 Andreas Madsen 的 Visualizing memorization in RNNs（Distill，2019），他用的是答案的梯度。",
    movers: (unit) => `最能改变单元 ${unit} 的标题`,
    movers_lead: (source, read, total) =>
      `来自 ${source}，${read === total ? `全部 ${total} 条` : `${total} 条中的 ${read} 条，重复的只读一次`}。点击一条，就在这里读它。`,
    movers_up: "记忆最高",
    movers_down: "记忆最低",
    movers_at: (character) => `读到“${character}”时`,
    movers_none: "它的记忆从不到 0 的这一边。",
    no_movers: "制作这个页面时没有提供数据，所以列不出标题。要列出来，请运行：textrnn page MODEL --data FILE --out page.html",
    numbers: "查看数值",
    character: "字",
    readout: (place, total, prefix, label, share, character, weight, whole) =>
      `${total} 个字读了 ${place} 个：“${prefix}”，判断为${label}（${share}）。“${character}”对${whole}的作用：${weight}。`,
    steady: (label) => `从第一个字起一直判断为${label}。`,
    changes: (steps) => `判断的变化：${steps.map(([text, label]) => `“${text}”→${label}`).join("，")}。`,
    verdict: (label, share) => `${label}，${share}`,
    compared: (same, one, two) => `${same ? "同样的字，不同的顺序：" : ""}${one}；${two}。`,
    cut: (shown, total) => `网络一次读 ${shown} 个字。判断依据全部 ${total} 个字（分段阅读），下面只显示前 ${shown} 个字。`,
    as_read: "这里显示的是网络实际读到的文字：全角变半角，大写变小写，连续空格合为一个。",
    failed: (error) => `这个页面需要 2023 年以后的浏览器和完整的文件：${error}`,
    guide: "图例说明",
    guide_entries: [
      ["去掉该字", "去掉这个字、让网络重读其余部分时，该类别概率的对数减少多少。"],
      ["按对答案的贡献排序", "每个 LSTM 有很多单元。一个单元的贡献，是它给答案这一类的得分加上的部分，减去它给所有类别的平均值；数值写在每行右边。"],
      ["按变化幅度排序", "读这条标题时记忆变化最大的单元；数值是记忆上下变化的总路程。"],
      ["z、w、u", "z 是一个和：偏置，加上网络读到的内容（数值乘权重 w），再加上所有单元上一步的输出（乘权重 u）。门等于 σ(z)，在 0 和 1 之间；候选值等于 tanh(z)。"],
      ["图说明不了什么", "去掉一个字，周围的字组合也变了，剩下的是没有人写过的文字。单独一个单元说明不了多少：许多单元在做同样的事。手动设置的门，可能是任何文字都不会产生的值。"],
      ["地址", "地址里保存着你看到的一切。发给有这个页面的人，对方就能看到同样的内容。"],
      ["反向", "网络的另一半从尾读起：读到某个字时，它知道的是这个字和右边的内容。"],
      ["滑块", "用方向键移动，或把鼠标指向某个字；条形图随即显示网络读到那里时的判断。"],
    ],
    errors: {
      empty: () => "请输入一条标题，现在还没有可读的内容。",
      too_long: (most, length) => `这段文字有 ${length} 个字，这里最多读 ${most} 个。更长的文本请用 textrnn predict。`,
      surrogate: () => "这段文字里有半个字符（不成对的代理项），请重新输入或粘贴。",
    },
  },
};

// The buttons that fill the fields in; an English reader sees what the Chinese means.
export const EXAMPLES = {
  one: [
    { texts: ["油价今晚零时起上调,加满一箱多花八元"], en: "petrol costs more from midnight" },
    { texts: ["国足客场一球小胜"], en: "national team wins away by one goal" },
    { texts: ["沪指午后跳水失守3000点"], en: "Shanghai index falls below 3000" },
    { texts: ["警察救了小狗"], en: "police saved a puppy" },
  ],
  two: [
    { texts: ["中国队战胜韩国队", "韩国队战胜中国队"], en: "China beat Korea, Korea beat China" },
    { texts: ["警察救了小狗", "小狗救了警察"], en: "police saved puppy, puppy saved police" },
    { texts: ["arrive Taipei", "leave Taipei"], en: "" },
    { texts: ["dog bites man", "man bites dog"], en: "" },
  ],
};
